import { Option, type Command } from 'commander';

import type { BundleConfig } from '../config/config.ts';
import { ModelpackError } from '../errors.ts';
import { brief } from '../printable.ts';
import type { LockedBundle } from '../lock/lock.ts';
import type { Project } from '../project.ts';
import type { Resolve } from '../source/sources.ts';
import type { Declared } from '../verbs/declared.ts';
import type { Io } from './io.ts';
import { repeatable } from './values.ts';

/** How a command finds the bundles that a configuration declares. */
export interface BundleFlags {
  readonly config?: string;
  readonly bundle: readonly string[];
  readonly frozen?: boolean;
}

export function addBundleOptions(command: Command, { lock = false } = {}): Command {
  command
    .optionsGroup('Bundles of modelpack.yaml:')
    .addOption(repeatable('--bundle <name>', 'only this one (repeatable); default: all'))
    .option('--config <file>', 'default: modelpack.yaml here or in a folder above');
  if (!lock) return command;
  return command
    .addOption(
      new Option(
        '--frozen',
        'take exactly what modelpack.lock has; default where CI is set and there is one',
      ),
    )
    .addOption(new Option('--no-frozen', 'take what the sources are now'));
}

/** A bundle of the configuration, as the working directory has it. */
export interface Chosen extends Declared {
  readonly config: BundleConfig;
  /** `s3://…`, or a file. */
  readonly destination: string | undefined;
}

/** The same, and where it is taken from. */
export interface Ready extends Chosen {
  /** As it is locked; undefined to ask upstream. */
  readonly locked: LockedBundle | undefined;
  readonly resolve: (resolve: Resolve) => Resolve;
}

/** @throws ModelpackError `usage` when there is no configuration */
export async function openProject({ config }: Pick<BundleFlags, 'config'>): Promise<Project> {
  const { findProject } = await import('../project.ts');
  const project = await findProject(config, process.cwd());
  if (project !== undefined) return project;
  throw new ModelpackError('usage', 'nothing is named, and there is no modelpack.yaml', {
    hint: 'name a model, or write one: modelpack init google-bert/bert-base-cased',
  });
}

/** All bundles of a configuration. */
export function bundlesIn({ config, reference, place }: Project): readonly Chosen[] {
  return config.bundles.map((bundle) => ({
    name: bundle.name,
    config: bundle,
    destination: bundle.destination === undefined ? undefined : place(bundle.destination),
    sources: bundle.sources.map(({ asked, selection }) => ({
      asked,
      selection,
      reference: reference(asked),
    })),
  }));
}

/** Those that are named, or all. @throws ModelpackError `usage` for a name that there is not */
export function chosenIn(project: Project, names: readonly string[]): readonly Chosen[] {
  const all = bundlesIn(project);
  const unknown = names.find((name) => all.every((each) => each.name !== name));
  if (unknown === undefined) return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
  throw new ModelpackError('usage', `${project.path} has no bundle ${brief(unknown)}`, {
    hint: `it has ${all.map(({ name }) => name).join(', ')}`,
  });
}

/** The one that is named, or the only one. */
export function oneIn(project: Project, names: readonly string[]): Chosen {
  const chosen = chosenIn(project, names);
  if (chosen.length === 1) return chosen[0]!;
  throw new ModelpackError('usage', `${project.path} has several bundles`, {
    hint: `choose one: --bundle ${chosen[0]!.name}`,
  });
}

/**
 * The bundles that are asked for, and their lock where they are to be taken from it.
 *
 * @throws ModelpackError `check` when the lock is out of date
 */
export async function readyBundles(
  project: Project,
  { bundle: names, frozen: asked }: BundleFlags,
  env: Io['env'],
): Promise<readonly Ready[]> {
  const { frozen, requireLocked, upstream } = await import('../verbs/declared.ts');
  const lock = (asked ?? isCi(env)) ? await project.readLock() : undefined;
  return chosenIn(project, names).map((bundle) => {
    if (asked !== true && lock === undefined)
      return { ...bundle, locked: undefined, resolve: (resolve) => upstream(bundle, resolve) };
    const locked = requireLocked(bundle, lock, project.lockPath);
    return { ...bundle, locked, resolve: (resolve) => frozen(bundle, locked, resolve) };
  });
}

export function requireDestination(name: string, destination: string | undefined): string {
  if (destination !== undefined) return destination;
  throw new ModelpackError('usage', `the bundle ${name} has no destination`, {
    hint: 'write it in modelpack.yaml: destination: s3://my-bucket/models/{id}.tar',
  });
}

/** The result of the one bundle that was named, or a list. */
export function documentOf<T extends object>(
  names: readonly string[],
  results: readonly (readonly [bundle: string, result: T])[],
): T | Several<T> {
  if (names.length === 1) return results[0]![1];
  const bundles = results.map(([bundle, result]) => ({ bundle, result }));
  return { schema: 'modelpack.bundles/1', bundles };
}

/** What a command found of several bundles: its own document of each. */
export interface Several<T> {
  readonly schema: 'modelpack.bundles/1';
  readonly bundles: readonly { readonly bundle: string; readonly result: T }[];
}

/** Of options that say something about sources which are named beside them. */
export function refuseBeside(flags: {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly weights?: string;
  readonly all?: boolean;
  readonly revision?: string;
}): void {
  const { include, exclude, weights, all, revision } = flags;
  const given = [
    include.length > 0 && '--include',
    exclude.length > 0 && '--exclude',
    weights !== undefined && '--weights',
    all === true && '--all',
    revision !== undefined && '--revision',
  ].find((each) => each !== false);
  if (given === undefined) return;
  throw new ModelpackError('usage', `${given} is for sources that are named beside it`, {
    hint: `in modelpack.yaml it stands with the sources: ${given.slice(2)}:`,
  });
}

/** Of options that are for the bundles of a configuration, where sources are named. */
export function refuseBundleFlags({ config, bundle, frozen }: BundleFlags): void {
  const given = [
    config !== undefined && '--config',
    bundle.length > 0 && '--bundle',
    frozen === true && '--frozen',
  ].find((each) => each !== false);
  if (given === undefined) return;
  throw new ModelpackError('usage', `${given} is for the bundles of modelpack.yaml, not for what is named`, {
    hint: `leave out either`,
  });
}

/** Nearly every CI sets it, most to `true`. */
export function isCi(env: Io['env']): boolean {
  return !['', '0', 'false', 'no', 'off'].includes((env['CI'] ?? '').toLowerCase());
}
