import type { Level } from '../../../lint/finding.ts';
import type { Linted } from '../../../verbs/lint.ts';
import { annotation } from '../annotation.ts';
import { shown } from './shown.ts';

const kinds = { error: 'error', warning: 'warning', note: 'notice' } as const;

/** Annotations for a GitHub Actions log. No final newline. */
export function github({ findings }: Linted, least: Level = 'warning'): string {
  return shown(findings, least)
    .map(({ level, code, path, start, end, message, help, instead }) => {
      // A notebook's cells have no lines of their own in the file.
      const inCell = start.cell === undefined ? '' : `cell ${start.cell}, line ${start.line}: `;
      const at =
        start.cell === undefined
          ? { path, line: start.line, column: start.column, endLine: end.line, endColumn: end.column }
          : { path, line: 1, column: 1, endLine: 1, endColumn: 1 };
      const lines = [inCell + message, help, instead && `write: ${instead}`].filter(
        (line) => line !== undefined,
      );
      return annotation(kinds[level], { title: `modelpack ${code}`, at }, lines.join('\n'));
    })
    .join('\n');
}
