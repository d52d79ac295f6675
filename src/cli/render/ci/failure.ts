import { printable } from '../../../printable.ts';
import { annotation } from '../annotation.ts';
import { escapeMarkdown } from '../table.ts';

/** A run that could not come to its end. The annotation points at the line where the message does. */
export function failure(message: string, hint: string | undefined, place: (path: string) => string) {
  const [, path, line, column] = /^(\S+?):(\d+):(\d+): /.exec(message) ?? [];
  const lines = [message, ...(hint === undefined ? [] : [`hint: ${hint}`])].map(printable);
  const at = { line: Number(line), column: Number(column), endLine: Number(line), endColumn: Number(column) };
  return {
    markdown: `## ❌ modelpack\n\n${lines.map(escapeMarkdown).join('\n\n')}`,
    annotation: annotation(
      'error',
      { title: 'modelpack ci', ...(path !== undefined && { at: { path: place(path), ...at } }) },
      lines.join('\n'),
    ),
  };
}
