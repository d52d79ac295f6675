import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import type { ServerUnderTest } from '../servers/server.ts';
import { servers } from '../servers/servers.ts';
import { bestProof } from './trial.ts';

const page = new URL('../../../docs/s3.md', import.meta.url);

type Column = (server: ServerUnderTest) => string;

/** What `supports` means for those who use modelpack. */
const columns: Readonly<Record<string, Column>> = {
  server: ({ title }) => title,
  version: ({ version }) => version ?? '–',
  '`checksum`, one part': ({ supports }) => `\`${bestProof(supports, 'put')}\``,
  'several parts': ({ supports }) => `\`${bestProof(supports, 'parts')}\``,
  '`--no-clobber` in a race, one part': ({ supports }) => held(supports.ifNoneMatch.put),
  'in a race, several': ({ supports }) => held(supports.ifNoneMatch.complete),
  'a sent part is known by': ({ supports }) => ({ crc32: 'CRC32', md5: 'MD5' })[supports.listedParts],
  '`uploads` lists by': ({ supports }) => ({ prefix: 'prefix', key: 'whole key' })[supports.listedUploads.by],
  '`--tag`': ({ supports: { tags } }) =>
    tags.parts ? 'kept' : tags.put ? 'lost with several parts' : 'lost',
  '`--storage-class STANDARD_IA`': ({ supports }) => supports.storageClass,
  '`--sse AES256` by http': ({ supports }) => supports.encryption,
};

/** The table of docs/s3.md is what the servers were seen to do. */
export async function s3Table(): Promise<string> {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  const names = Object.keys(columns);
  const rows = Object.values(servers).map((server) =>
    row(Object.values(columns).map((cell) => cell(server))),
  );
  const table = row(names) + row(names.map(() => '---')).replaceAll(' ', '') + rows.join('');
  const text = await readFile(page, 'utf8');
  assert.ok(text.includes(table), `docs/s3.md has another table than:\n\n${table}`);
  return `docs/s3.md says what ${rows.length} servers support`;
}

function held(isHeld: boolean): string {
  return isHeld ? 'held' : 'not held';
}
