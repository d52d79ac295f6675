// Writes what is made from the code: the pages of lint's rules and of cache paths, and the schema of modelpack.yaml.
//
//   npx tsx scripts/docs.ts

import { writeFile } from 'node:fs/promises';

import { pages } from './docs/pages.ts';

for (const [path, text] of Object.entries(pages()))
  await writeFile(new URL(`../${path}`, import.meta.url), text);
