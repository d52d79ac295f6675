import { openBench, type Bench } from './bench.ts';
import type { Hub, HubLogEntry, HubOptions, Repo, RepoFile } from '../servers/hub/hub.ts';
import { tinyBert } from '../servers/hub/models.ts';
import { generatedSafetensors } from '../servers/hub/models/safetensors.ts';

export const id = 'acme/tiny-bert';
export const bert = tinyBert({ size: 3_300_000, copySize: 30_000 });
export const main = bert.revisions['main']!;
export const review: RepoFile[] = [
  ...main,
  { path: 'added.json', storage: 'git', content: Buffer.from('{}') },
];
export const tiny: Repo = {
  ...bert,
  aliases: ['tiny-bert', 'former/tiny-bert'],
  revisions: { ...bert.revisions, 'refs/pr/1': review, 'feature/x': review.slice(1) },
};
export const other: Repo = {
  id: 'acme/other',
  revisions: {
    main: [
      { path: 'config.json', storage: 'git', content: Buffer.from('{"model_type":"other"}') },
      { path: 'model.safetensors', storage: 'lfs', content: generatedSafetensors(40_000, 5) },
    ],
  },
};
/** What a loader reads of tiny-bert. */
export const kept = [
  'README.md',
  'config.json',
  'model.safetensors',
  'special_tokens_map.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'vocab.txt',
];
export const inBundle = (names: readonly string[]) => names.map((name) => `${id}/${name}`);

export function open(options: Partial<HubOptions> = {}): Promise<Bench> {
  return openBench({ repos: [tiny, other], ...options });
}

export function filesAskedFor({ log }: Hub): string[] {
  return [...new Set(log.flatMap(({ file }) => file ?? []))].toSorted();
}

export function bytesOf(hub: Hub, path: string): Buffer {
  return hub.file(id, path).bytes();
}

export function sizeOf(hub: Hub, paths: readonly string[]): number {
  return paths.reduce((sum, path) => sum + hub.file(id, path).size, 0);
}

export function isDownload({ kind }: HubLogEntry): boolean {
  return kind !== 'info' && kind !== 'tree';
}
