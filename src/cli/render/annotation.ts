export interface Annotation {
  readonly title: string;
  /** A place in a file; lines and columns count from one. */
  readonly at?: {
    readonly path: string;
    readonly line: number;
    readonly column: number;
    readonly endLine: number;
    readonly endColumn: number;
  };
}

/**
 * A line for a GitHub Actions log.
 *
 * @see https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts for what is escaped
 */
export function annotation(
  level: 'error' | 'warning' | 'notice',
  { title, at }: Annotation,
  message: string,
): string {
  const place =
    at === undefined
      ? []
      : Object.entries({
          file: at.path,
          line: at.line,
          col: at.column,
          endLine: at.endLine,
          endColumn: at.endColumn,
        });
  const properties = [...place, ['title', title] as const].map(
    ([name, value]) => `${name}=${property(String(value))}`,
  );
  return `::${level} ${properties.join(',')}::${data(message)}`;
}

function data(value: string): string {
  return value.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(value: string): string {
  return data(value).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
