/**
 * What a file of GITHUB_OUTPUT says, read as the runner does.
 *
 * @see https://github.com/actions/runner/blob/main/src/Runner.Worker/FileCommandManager.cs
 */
export function githubValues(text: string): Map<string, string> {
  const lines = text.split('\n');
  const values = new Map<string, string>();
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    if (line === '') continue;
    const [, name, end] = /^([^=]+?)<<(.+)$/.exec(line) ?? [];
    if (name === undefined) {
      if (!line.includes('=')) throw new Error(`invalid format '${line}'`);
      values.set(line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1));
      continue;
    }
    const at = lines.indexOf(end!);
    if (at < 0) throw new Error(`invalid value: matching delimiter not found '${end}'`);
    values.set(
      name,
      lines
        .splice(0, at + 1)
        .slice(0, -1)
        .join('\n'),
    );
  }
  return values;
}
