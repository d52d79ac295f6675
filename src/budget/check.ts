import { formatCount } from '../size.ts';
import { nextCommand } from './command.ts';
import { FRAMEWORK_HEADROOM, limits, MB, TMP_BLOCK } from './limits.ts';

export type BudgetName = 'tmp' | 'tmp-naive' | 'tmp-max' | 'snapstart' | 'memory' | 'package' | 'image';

/** A budget that may decide whether a check fails. */
export type Gate = 'tmp' | 'snapstart' | 'memory' | 'package' | 'image';

/** What is put into Lambda. Sizes are bytes. */
export interface Subject {
  readonly fileSizes: readonly number[];
  /** Of the whole tar. */
  readonly bundleSize: number;
}

/** How the function is configured, in bytes. */
export interface Settings {
  /** Its ephemeral storage; 512 MB where unknown. */
  readonly tmp?: number | undefined;
  /** Its memory; the most that Lambda gives where unknown. */
  readonly memory?: number | undefined;
}

/** A function whose settings are all known, in bytes. */
export interface FunctionSettings {
  /** The logical id. */
  readonly name: string;
  /** Where it begins in its template, from one. */
  readonly line: number;
  readonly tmp: number;
  readonly memory: number;
  /** Whether its versions begin from a snapshot. */
  readonly snapStart: boolean;
  readonly packageType: 'Zip' | 'Image';
}

/** One limit of Lambda and what the models need of it. Sizes are bytes. */
export interface Budget {
  readonly name: BudgetName;
  readonly limit: number;
  readonly needed: number;
  readonly fits: boolean;
  /** `needed - limit`; 0 when it fits. */
  readonly over: number;
  /** `limit - needed`; 0 when it is over. */
  readonly headroom: number;
  /** What is counted, and how. */
  readonly note: string;
}

export type AdviceCode =
  | 'fits'
  | 'stream-into-memory'
  | 'raise-ephemeral-storage'
  | 'set-memory'
  | 'unpack-while-downloading'
  | 'make-smaller';

/** What to do next: a sentence, or a command to paste. */
export interface Advice {
  readonly code: AdviceCode;
  readonly text: string;
}

/** Every budget of Lambda, always all seven and in this order. */
export function budgets(subject: Subject, settings: Settings = {}): Budget[] {
  const tmp = settings.tmp ?? limits.tmpDefault.bytes;
  const memory = settings.memory ?? limits.memoryMax.bytes;
  const files = sum(subject.fileSizes);
  const unpacked = sum(subject.fileSizes.map(onTmp));
  const both = onTmp(subject.bundleSize) + unpacked;
  const loaded = subject.bundleSize + FRAMEWORK_HEADROOM;
  return [
    budget('tmp', tmp, unpacked, 'the files unpacked under /tmp as configured, in blocks of 4,096 bytes'),
    budget('tmp-naive', tmp, both, 'the bundle downloaded to /tmp and unpacked there, both at once'),
    budget('tmp-max', limits.tmpMax.bytes, unpacked, 'the files unpacked under the largest /tmp there is'),
    budget(
      'snapstart',
      limits.snapStartTmp.bytes,
      unpacked,
      'the files unpacked under /tmp with SnapStart, which has 512 MB whatever is configured',
    ),
    budget(
      'memory',
      memory,
      loaded,
      `the bundle in RAM, and ${megabytes(FRAMEWORK_HEADROOM)} for the interpreter and framework`,
    ),
    budget(
      'package',
      limits.packageUnzipped.bytes,
      files,
      'the files inside a zip package, unzipped; code and layers come on top',
    ),
    budget(
      'image',
      limits.image.bytes,
      files,
      'the files inside a container image, uncompressed; its other layers come on top',
    ),
  ];
}

/** The budgets that a function has: it is a zip or an image, never both. */
export function budgetsOf(subject: Subject, settings: FunctionSettings): Budget[] {
  const other = settings.packageType === 'Image' ? 'package' : 'image';
  return budgets(subject, settings).filter(({ name }) => name !== other);
}

/** What gates mean in a function: with SnapStart its `/tmp` is what SnapStart leaves of it. */
export function gatesOf(gates: readonly Gate[], { snapStart, packageType }: FunctionSettings): Gate[] {
  const meant = gates.map((gate): Gate => {
    if (gate === 'tmp' && snapStart) return 'snapstart';
    if (gate === 'package' || gate === 'image') return packageType === 'Image' ? 'image' : 'package';
    return gate;
  });
  return [...new Set(meant)];
}

/** Whether every gated budget fits. */
export function verdict(all: readonly Budget[], gates: readonly Gate[]): { fits: boolean } {
  return { fits: gates.every((gate) => pick(all, gate).fits) };
}

/**
 * What to do next, the first thing first. `targets` are what was checked, as the user wrote them.
 *
 * @param raisable whether there is a `/tmp` that can be made larger: with SnapStart there is none
 */
export function advice(
  all: readonly Budget[],
  gates: readonly Gate[],
  targets: readonly string[],
  raisable = true,
): Advice[] {
  const tmp = pick(all, 'tmp');
  const tmpMax = pick(all, 'tmp-max');
  const memory = pick(all, 'memory');
  const blocked = !tmp.fits || !verdict(all, gates).fits;
  const streamable = memory.needed <= limits.memoryMax.bytes;
  const storable = raisable && !tmp.fits && tmpMax.fits;

  const list: Advice[] = [];
  if (!blocked) list.push({ code: 'fits', text: nextCommand(targets, 'file') });
  else if (streamable) list.push({ code: 'stream-into-memory', text: nextCommand(targets, 's3') });
  else if (!storable) list.push({ code: 'make-smaller', text: MAKE_SMALLER });

  if (storable) list.push({ code: 'raise-ephemeral-storage', text: setEphemeralStorage(tmp.needed) });
  if (tmp.fits && !pick(all, 'tmp-naive').fits)
    list.push({ code: 'unpack-while-downloading', text: 'unpack while downloading' });
  if (streamable && (!memory.fits || memory.limit === limits.memoryMax.bytes))
    list.push({ code: 'set-memory', text: setMemory(memory.needed) });
  return list;
}

const MAKE_SMALLER = 'choose a smaller or quantized model, or split the models over several functions';

/** 2 % are kept free: how much a configured `/tmp` holds beyond 512 MB is not documented to the byte. */
function setEphemeralStorage(needed: number): string {
  const wanted = Math.ceil((needed * 1.02) / MB) * MB;
  const size = Math.min(Math.max(wanted, limits.tmpDefault.bytes), limits.tmpMax.bytes);
  return `set EphemeralStorage to at least ${megabytes(size)}`;
}

/** Rounded up to a multiple of 64 MB, as people are used to. */
function setMemory(needed: number): string {
  const size = Math.max(roundUp(needed, 64 * MB), limits.memoryMin.bytes);
  return `set MemorySize to at least ${megabytes(size)}`;
}

function budget(name: BudgetName, limit: number, needed: number, note: string): Budget {
  const over = Math.max(0, needed - limit);
  const headroom = Math.max(0, limit - needed);
  return { name, limit, needed, fits: over === 0, over, headroom, note };
}

function pick(all: readonly Budget[], name: BudgetName): Budget {
  return all.find((each) => each.name === name)!;
}

function onTmp(size: number): number {
  return roundUp(size, TMP_BLOCK);
}

function roundUp(size: number, step: number): number {
  return Math.ceil(size / step) * step;
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}

/** Whole MB, as Lambda's settings are written: `1,280 MB`. */
function megabytes(bytes: number): string {
  return `${formatCount(bytes / MB)} MB`;
}
