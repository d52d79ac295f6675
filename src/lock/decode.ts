import { layOut } from '../bundle/layout.ts';
import { readDocument, type Place } from '../document/document.ts';
import { firstWrong } from '../document/schema.ts';
import { messageOf, ModelpackError } from '../errors.ts';
import { encodeLock } from './encode.ts';
import { LOCK_VERSION, modelsIn, type Lock, type LockedBundle, type LockedModel } from './lock.ts';
import { lockSchema } from './schema.ts';

/** Characters of a lock that is still read: 100,000 files take 20 million. */
const LARGEST = 100_000_000;
const UPDATE = 'update modelpack: npm install -g modelpack';
const ANEW = 'write it anew: modelpack lock';

/** As it is written: bundles by their names. */
interface Written {
  readonly version: typeof LOCK_VERSION;
  readonly bundles: Readonly<
    Record<string, Omit<LockedBundle, 'name' | 'models'> & { readonly models: readonly WrittenModel[] }>
  >;
}
type WrittenModel = Omit<LockedModel, 'selection'> & Partial<Pick<LockedModel, 'selection'>>;

/**
 * Reads a lock. A bundle's id follows from its files, so a lock that was edited is found out.
 *
 * @param where the file, for messages
 * @throws ModelpackError with line and column: `check` for what is broken or was edited, and so has to be written anew;
 * `usage` for what is newer than this program
 */
export async function decodeLock(text: string, where: string): Promise<Lock> {
  try {
    return await read(text, where);
  } catch (error) {
    if (!(error instanceof ModelpackError) || error.hint === UPDATE) throw error;
    throw new ModelpackError('check', error.message, { hint: error.hint, cause: error });
  }
}

async function read(text: string, where: string): Promise<Lock> {
  if (text.length > LARGEST) {
    throw new ModelpackError('usage', `${where} has more than ${LARGEST} characters`, { hint: ANEW });
  }
  // Line numbers cost more than all the rest: they are made when there is something to say.
  const refuse = (place: Place, message: string, hint = ANEW, part: 'key' | 'value' = 'value') =>
    readDocument(text, where, { largest: LARGEST, hint: ANEW }).refuse(place, message, { hint, part });
  const value = parse(text, where);
  const version = (value as Partial<Written> | null)?.version as number | undefined;
  if (Number.isInteger(version) && version! > LOCK_VERSION) {
    throw refuse(
      ['version'],
      `the lock has version ${version}, this modelpack reads ${LOCK_VERSION}`,
      UPDATE,
    );
  }
  const wrong = firstWrong(value, lockSchema);
  if (wrong !== undefined) throw refuse(wrong.place, wrong.message, ANEW, wrong.part);
  const bundles = Object.entries((value as Written).bundles).map(([name, { id, size, models }]) => ({
    name,
    id,
    size,
    models: models.map((model) => ({ ...model, selection: model.selection ?? {} })),
  }));
  for (const bundle of bundles) await checkId(bundle, refuse);
  const lock = { version: LOCK_VERSION, bundles } satisfies Lock;
  // Of a key that is there twice, JSON takes the last. It costs more to see, and no lock that was just written has one.
  if (encodeLock(lock) !== text.replaceAll('\r\n', '\n'))
    readDocument(text, where, { largest: LARGEST, hint: ANEW });
  return lock;
}

async function checkId(
  bundle: LockedBundle,
  refuse: (place: Place, message: string) => ModelpackError,
): Promise<void> {
  const place = ['bundles', bundle.name];
  const layout = await layOut(modelsIn(bundle)).catch((error: unknown) => {
    if (!(error instanceof ModelpackError)) throw error;
    throw refuse([...place, 'models'], messageOf(error));
  });
  const [key] = [
    layout.id === bundle.id ? undefined : 'id',
    layout.size === bundle.size ? undefined : 'size',
  ].filter((each) => each !== undefined);
  if (key === undefined) return;
  throw refuse(
    [...place, key],
    `the ${key} of ${bundle.name} does not follow from its files: the lock was edited, or merged wrongly`,
  );
}

function parse(text: string, where: string): unknown {
  const conflict = /^(?:<{7}|={7}|>{7})(?: |$)/m.exec(text.slice(0, LARGEST));
  if (conflict !== null) {
    const line = text.slice(0, conflict.index).split('\n').length;
    throw new ModelpackError('usage', `${where}:${line}:1: a merge left its marks here`, {
      hint: 'take either side, then: modelpack lock',
    });
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    const document = readDocument(text, where, { largest: LARGEST, hint: ANEW }); // says where, if it is not even YAML
    throw document.refuse([], 'it is no JSON', { hint: ANEW });
  }
}
