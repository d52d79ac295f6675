import pLimit from 'p-limit';

import type { Bundle } from '../bundle/bundle.ts';
import type { Member } from '../bundle/layout.ts';
import { ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';
import { brief } from '../printable.ts';
import { formatCount } from '../size.ts';
import { readPickled, type Pickled } from './file.ts';
import { isPickleName } from './formats.ts';
import { isNotorious } from './pickle/safe.ts';
import { windowsOf } from './windows.ts';

/** A file of a bundle that is unpickled when it is loaded. */
export interface Pickle extends Pickled {
  /** In the bundle: `<model name>/<path>`. */
  readonly path: string;
}

/** Files looked into at once: each is a few small reads one after the other. A hostile one may take 100 MB of memory. */
const AT_ONCE = 4;

/**
 * The files of a bundle that may execute code when they are loaded, with the imports they make, in the bundle's order.
 * A few KB of each are read, wherever its bytes are; nothing is executed.
 */
export async function picklesIn(bundle: Bundle, run: Run): Promise<Pickle[]> {
  const members = bundle.layout.members.filter(({ model, path }) => model >= 0 && isPickleName(path));
  const limit = pLimit(AT_ONCE);
  let done = 0;

  async function look(member: Member): Promise<Pickle | undefined> {
    run.signal.throwIfAborted();
    const { path, offset, size } = member;
    const read = (into: Uint8Array, start: number, signal?: AbortSignal) =>
      bundle.read(into, offset + start, signal);
    const pickled = await readPickled(windowsOf({ size, read }, run.signal), path);
    done += 1;
    run.report({ type: 'looking', done, total: members.length });
    return pickled && { path, ...pickled };
  }

  const found = await Promise.all(members.map((member) => limit(look, member)));
  return found.filter((pickle) => pickle !== undefined);
}

/** Whether it may do more than make tensors, arrays and containers of them. */
export function isUnsafe({ unsafe, unread }: Pickled): boolean {
  return unsafe.length > 0 || unread !== undefined;
}

/**
 * Refuses pickles that import more than what is known to be harmless, unless they are `allowed`. Every one is named.
 *
 * @throws ModelpackError `integrity`
 */
export function judge(pickles: readonly Pickle[], allowed: boolean, { report }: Run): void {
  const unsafe = pickles.filter(isUnsafe);
  const named = allowed || unsafe.length > 1 ? unsafe : [];
  for (const pickle of named) report({ type: 'note', text: `${pickle.path} ${reason(pickle)}` });
  const [first, ...others] = unsafe;
  if (first === undefined || allowed) return;
  const more = others.length === 0 ? '' : `, and ${formatCount(others.length, 'more file')} like it`;
  throw new ModelpackError('integrity', `${first.path} ${reason(first)}${more}`, {
    hint: 'weights in safetensors execute nothing; if you trust who made this file, take it with --allow-pickle',
  });
}

/** What is wrong with it, in words: `imports os.system when it is loaded`. */
export function reason({ unsafe, unread }: Pickled): string {
  const imports = unsafe.length === 0 ? [] : [`imports ${listed(unsafe)} when it is loaded`];
  const rest = unread === undefined ? [] : [brief(unread)];
  return [...imports, ...rest].join(', and ');
}

const SHOWN = 5;

function listed(names: readonly string[]): string {
  // What is worst comes first, wherever in the file it stands.
  const shown = names
    .toSorted((a, b) => Number(isNotorious(b)) - Number(isNotorious(a)))
    .slice(0, SHOWN)
    .map(brief);
  const rest = names.length - shown.length;
  return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(', ');
}
