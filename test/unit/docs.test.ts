import { readdirSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { pages } from '../../scripts/docs/pages.ts';

const made = Object.entries(pages());
const root = new URL('../../', import.meta.url);

test.each(made)('%s is what the code says: npx tsx scripts/docs.ts', (path, text) => {
  expect(readFileSync(new URL(path, root), 'utf8')).toBe(text);
});

test('no page is left of a rule that is gone', () => {
  const expected = made.map(([path]) => path).filter((path) => path.startsWith('docs/lint/'));
  expect(
    readdirSync(new URL('docs/lint/', root))
      .map((name) => `docs/lint/${name}`)
      .toSorted(),
  ).toEqual(expected.toSorted());
});
