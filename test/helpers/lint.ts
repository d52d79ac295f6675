import { readFileSync } from 'node:fs';

import type { Deployment } from '../../src/lint/deploy/deployment.ts';
import { Files } from '../../src/lint/files.ts';
import { lint } from '../../src/lint/lint.ts';
import type { Finding } from '../../src/lint/finding.ts';
import { readSource, type Source } from '../../src/lint/python/source.ts';
import { openParser, pythonGrammar } from '../../src/lint/python/tree.ts';

const parse = await openParser(pythonGrammar);

/** What is found in files that are given as text, by path. */
export function lintTexts(
  texts: Readonly<Record<string, string>>,
  deployments: readonly Deployment[] = [],
): readonly Finding[] {
  const sources = Object.entries(texts).map(([path, text]) => readSource(path, Buffer.from(text)) as Source);
  return lint(new Files(sources, parse), deployments).findings;
}

/** `error cache-not-set`, one for each finding. */
export function codesOf(findings: readonly Finding[]): string[] {
  return findings.map(({ level, code }) => `${level} ${code}`);
}

export interface Golden {
  readonly title: string;
  readonly expected: readonly string[];
  readonly code: string;
}

/** The snippets of a file: each begins with `# --- title -> level code, level code`, or `-> nothing`. */
export function goldensIn(file: string): Golden[] {
  const text = readFileSync(new URL(`../data/lint/${file}`, import.meta.url), 'utf8');
  return text
    .split(/^# --- /m)
    .slice(1)
    .map((part) => {
      const cut = part.indexOf('\n');
      const [title = '', codes = ''] = part.slice(0, cut).split(' -> ');
      return { title, expected: codes === 'nothing' ? [] : codes.split(', '), code: part.slice(cut + 1) };
    });
}
