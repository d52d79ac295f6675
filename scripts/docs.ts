// Writes the pages of docs/ that are made from the code: the rules of lint and the table of cache paths.
//
//   npx tsx scripts/docs.ts

import { writeFile } from 'node:fs/promises';

import { pages } from './docs/pages.ts';

for (const [path, text] of Object.entries(pages()))
  await writeFile(new URL(`../${path}`, import.meta.url), text);
