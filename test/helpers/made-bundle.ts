import { createHash } from 'node:crypto';
import { open, truncate, writeFile } from 'node:fs/promises';

import { bundleOf, type Bundle } from '../../src/bundle/bundle.ts';
import { layOut, type LayoutModel } from '../../src/bundle/layout.ts';

/** A model of any source, also of those that no fetch can ask for here. */
export interface MadeModel extends Omit<LayoutModel, 'files'> {
  /** By path. */
  readonly files: Readonly<Record<string, string | Buffer>>;
}

/** Writes the bundle of some models; returns it. */
export async function writeBundle(path: string, models: readonly MadeModel[]): Promise<Bundle> {
  const contents = new Map<string, Buffer>();
  const described = models.map((model) => ({
    ...model,
    files: Object.entries(model.files).map(([name, content]) => {
      const bytes = Buffer.from(content);
      contents.set(`${model.name}/${name}`, bytes);
      return { path: name, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
    }),
  }));
  const bundle = bundleOf(await layOut(described), async (member, into, start) => {
    into.set(contents.get(member.path)!.subarray(start, start + into.length));
  });
  const bytes = Buffer.alloc(bundle.size);
  await bundle.read(bytes, 0);
  await writeFile(path, bytes);
  return bundle;
}

/** Writes a bundle with one file of zeros, of any size: it takes no room, and nobody has computed its hash. */
export async function writeSparseBundle(path: string, size: number): Promise<void> {
  const file = { path: 'model.safetensors', size, sha256: '0'.repeat(64) };
  const layout = await layOut([{ name: 'acme/huge', source: 'hf:acme/huge', files: [file] }]);
  const [index, weights] = layout.members;
  const handle = await open(path, 'w');
  try {
    await handle.write(index!.header, 0, index!.header.length, index!.start);
    await handle.write(layout.indexBytes, 0, layout.indexBytes.length, index!.offset);
    await handle.write(weights!.header, 0, weights!.header.length, weights!.start);
  } finally {
    await handle.close();
  }
  await truncate(path, layout.size);
}
