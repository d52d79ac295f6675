import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import axe, { type AxeResults } from 'axe-core';
import { chromium, type Page } from 'playwright-core';

import type { Bench } from './bench.ts';

const MB = 1024 * 1024;
const browser = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
/** Nothing that a browser does by itself. */
const quiet =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'.split(
    ' ',
  );

const template = `Resources:
  Snap:
    Type: AWS::Serverless::Function
    Properties: {MemorySize: 1024, SnapStart: {ApplyOn: PublishedVersions}}
  Large:
    Type: AWS::Serverless::Function
    Properties: {MemorySize: 3008, EphemeralStorage: {Size: 4096}, PackageType: Image}
`;

/** Names that would do something if they were not text. */
const hostile = [
  '<img src=x onerror=alert(1)>.bin',
  `"'><script>alert(1)<!--.bin`,
  '</script><script>alert(2)</script>',
  '\u202egnp.exe',
  'a'.repeat(200),
];

/**
 * The report of `size-check` in a real browser: that it loads nothing and runs nothing, can be read on a phone, in the
 * dark, on paper and by the keyboard, and what axe says of it.
 */
export async function report(bench: Bench): Promise<string> {
  const urls = await makeReports(bench);
  const profile = await mkdtemp(join(tmpdir(), 'modelpack-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: browser,
    headless: true,
    args: quiet,
  });
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    const heard: string[] = [];
    context.on('request', (request) => heard.push(request.url()));
    page.on('console', (message) => heard.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => heard.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => {
      heard.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    let rules = 0;
    let stops = 0;
    for (const url of urls.pages) {
      for (const colorScheme of ['light', 'dark'] as const) {
        for (const width of [1280, 800, 375, 320]) {
          heard.length = 0;
          await page.emulateMedia({ colorScheme, media: 'screen' });
          await page.setViewportSize({ width, height: 720 });
          await page.goto(url);
          await looksRight(page, colorScheme, width);
          rules += await isAccessible(page, `${url} at ${width}, ${colorScheme}`);
          assert.deepEqual(heard, [url], 'nothing is requested but the page, and nothing is said');
        }
      }
      await page.setViewportSize({ width: 1280, height: 720 });
      stops += await isReachable(page);
      await printsWell(page);
    }
    await isOneImage(page, urls.image);
    return `${urls.pages.length} pages, ${rules} rules of axe passed, ${stops} stops of the keyboard`;
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
}

/** One report of much that does not fit, with a template and changes, and one of little that does. */
async function makeReports(
  bench: Bench,
): Promise<{ readonly pages: readonly string[]; readonly image: string }> {
  const fixed = await bench.path('template.yaml');
  await writeFile(fixed, template);
  await truncated(bench, ['large', 'model.onnx'], 600 * MB);
  for (const [at, name] of hostile.entries())
    await truncated(bench, ['large', name.replaceAll('/', '∕')], (at + 1) * 20 * MB);
  for (let at = 0; at < 60; at++) await truncated(bench, ['small', `part-${at}.bin`], (at + 1) * 4096);
  await bench.modelpack(['fetch', 'acme/models=./small', '-o', 'before.tar', '--quiet']);
  await bench.modelpack(['size-check', './small', 'acme/tiny-bert', '--report', 'fits.html']);
  const asked =
    'size-check acme/models=./large acme/tiny-bert ./small --template template.yaml --since before.tar';
  const { code } = await bench.start([...asked.split(' '), '--report', 'over.html', '--report', 'over.svg'])
    .outcome;
  assert.equal(code, 3);
  const urlOf = async (name: string) => pathToFileURL(await bench.path(name)).href;
  return { pages: [await urlOf('over.html'), await urlOf('fits.html')], image: await bench.path('over.svg') };
}

async function truncated(bench: Bench, names: readonly string[], size: number): Promise<void> {
  const path = await bench.path(...names);
  await writeFile(path, '');
  await truncate(path, size);
}

/** Asks a function of `report_page.js`. */
async function ask<T>(page: Page, question: string): Promise<T> {
  await page.evaluate(await readFile(new URL('report_page.js', import.meta.url), 'utf8'));
  return page.evaluate<T>(`look.${question}()`);
}

interface Layout {
  readonly overflow: number;
  readonly brightness: number;
  readonly maps: number;
  readonly outside: readonly string[];
  readonly foreign: number;
}

async function looksRight(page: Page, colorScheme: 'light' | 'dark', width: number): Promise<void> {
  const seen = await ask<Layout>(page, 'layout');
  const what = `${width} pixels, ${colorScheme}`;
  assert.ok(seen.overflow <= 0, `${what}: it is ${seen.overflow} pixels too wide`);
  assert.deepEqual(seen.outside, [], `${what}: something stands outside of the window`);
  assert.equal(seen.brightness > 128, colorScheme === 'light', `${what}: the paper is ${seen.brightness}`);
  assert.equal(seen.maps, 1, `${what}: one treemap is shown`);
  assert.equal(seen.foreign, 0, 'a name became an element');
}

/** @returns how many rules passed */
async function isAccessible(page: Page, what: string): Promise<number> {
  await page.evaluate(axe.source);
  const { passes, violations } = await page.evaluate<AxeResults>('axe.run(document)');
  const found = violations.map(
    ({ id, impact, nodes }) => `${impact} ${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`,
  );
  assert.deepEqual(found, [], what);
  assert.ok(passes.length > 10, 'axe has looked');
  return passes.length;
}

interface Focus {
  /** Among all elements, in their order. */
  readonly place: number;
  readonly outline: string;
  readonly inView: boolean;
  readonly html: string;
}

/** Tab goes through everything, shows where it is, and comes out again; a cell leads to its file. */
async function isReachable(page: Page): Promise<number> {
  const expected = await ask<number>(page, 'stops');
  const places: number[] = [];
  for (;;) {
    await page.keyboard.press('Tab');
    const focus = await ask<Focus | undefined>(page, 'focus');
    if (focus === undefined || places[0] === focus.place) break; // out of the page, or round
    assert.ok(
      places.every((place) => place < focus.place),
      `in the order of the page: ${focus.html}`,
    );
    assert.match(focus.outline, /^solid [23]px$/, `the focus can be seen: ${focus.html}`);
    assert.ok(focus.inView, `the focus is in view: ${focus.html}`);
    places.push(focus.place);
  }
  assert.equal(places.length, expected, 'the keyboard reaches everything');
  const cell = page.locator('.map.wide .cell').first();
  await cell.focus();
  assert.ok(await cell.locator('.tip').isVisible(), 'the focus shows the whole name');
  await page.keyboard.press('Enter');
  assert.equal(await page.locator(':target').count(), 1, 'a cell leads to its file');
  return places.length;
}

async function printsWell(page: Page): Promise<void> {
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  await page.setViewportSize({ width: 720, height: 1000 }); // A4 without its margins
  const { overflow, outside, brightness } = await ask<Layout>(page, 'layout');
  assert.ok(overflow <= 0, `on paper it is ${overflow} pixels too wide: ${outside.join()}`);
  assert.equal(brightness, 255, 'paper is white');
  const pdf = await page.pdf({ format: 'A4' });
  assert.equal(pdf.subarray(0, 5).toString(), '%PDF-');
}

/** The image is well formed, holds nothing but shapes and text, and leads nowhere. */
async function isOneImage(page: Page, path: string): Promise<void> {
  await page.goto(pathToFileURL(path).href);
  assert.deepEqual((await ask<string[]>(page, 'names')).toSorted(), [
    'desc',
    'g',
    'rect',
    'style',
    'svg',
    'text',
    'title',
    'tspan',
  ]);
  const text = await readFile(path, 'utf8');
  assert.equal(/\b(?:href|src)=|url\(|@import/.exec(text), null);
}
