import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { Cursor } from '../../src/weights/cursor.ts';
import { Unreadable } from '../../src/weights/failure.ts';
import { Imports } from '../../src/weights/pickle/imports.ts';
import { scanPickle } from '../../src/weights/pickle/scan.ts';
import { windowsOf } from '../../src/weights/windows.ts';
import type { Bench } from './bench.ts';

/** Others find what this one does not: MODELPACK_SEED=2 npx tsx test/interop/run.ts unpickler */
const SEED = process.env['MODELPACK_SEED'] ?? '1';
const COUNT = 20_000;
const data = fileURLToPath(new URL('../data/pickles', import.meta.url));

interface Recorded {
  readonly pickle: string;
  readonly imports: readonly (readonly [module: string, name: string])[];
  readonly whole: boolean;
}

/**
 * Nothing that Python's own unpickler imports may be missed, unless the whole pickle is refused; of those that it reads to
 * their end nothing else may be said.
 */
export async function unpickler(bench: Bench): Promise<string> {
  const lines = (await bench.python(['unpickler.py', SEED, String(COUNT), data])).trim().split('\n');
  let whole = 0;
  let imports = 0;
  let refused = 0;
  for (const line of lines) {
    const recorded = JSON.parse(line) as Recorded;
    const bytes = Buffer.from(recorded.pickle, 'base64');
    const found = await importsOf(bytes);
    if (found.failure instanceof Unreadable) {
      refused += 1;
      continue;
    }
    const real = [...new Set(recorded.imports.map((names) => names.join('.')))];
    imports += real.length;
    if (recorded.whole) {
      whole += 1;
      assert.equal(found.failure, undefined, `${recorded.pickle}: not read to its end`);
    }
    // A name that is not followed, such as one with escapes, is said to be unknown.
    const missed = real.filter((name) => !found.imports.some((each) => covers(each, name)));
    assert.deepEqual(
      missed,
      [],
      `${recorded.pickle}: imports are missed, ${found.imports.join(' ')} were found`,
    );
    const invented = recorded.whole
      ? found.imports.filter((each) => !real.some((name) => covers(each, name)))
      : [];
    assert.deepEqual(invented, [], `${recorded.pickle}: imports are invented`);
  }
  return `${lines.length} pickles, ${whole} of them whole, ${refused} refused: all ${imports} imports of Python's unpickler found`;
}

async function importsOf(bytes: Buffer): Promise<{ imports: readonly string[]; failure: unknown }> {
  const imports = new Imports();
  const content = {
    size: bytes.length,
    async read(into: Uint8Array, start: number) {
      bytes.copy(into, 0, start);
    },
  };
  const failure: unknown = await scanPickle(new Cursor(windowsOf(content)), imports, async () => {}).catch(
    (error: unknown) => error,
  );
  return { imports: imports.all(), failure };
}

function covers(found: string, name: string): boolean {
  if (!found.includes('?')) return found === name;
  const parts = found.split('?').map((text) => text.replaceAll(/[.\\+*^$()[\]{}|]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name);
}
