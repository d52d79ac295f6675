import { levels, type Finding, type Level } from '../../../lint/finding.ts';

/** What people are shown: notes only where they were asked for. */
export function shown(findings: readonly Finding[], least: Level): readonly Finding[] {
  return findings.filter(({ level }) => levels.indexOf(level) <= levels.indexOf(least));
}

/** `app.py:12:5`, `story.ipynb:cell 3:2:5` */
export function placeOf({ path, start }: Finding): string {
  const cell = start.cell === undefined ? '' : `cell ${start.cell}:`;
  return `${path}:${cell}${start.line}:${start.column}`;
}
