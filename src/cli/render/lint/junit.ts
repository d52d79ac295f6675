import type { Finding, Level } from '../../../lint/finding.ts';
import type { Linted } from '../../../verbs/lint.ts';
import { xmlEscaped, xmlQuoted } from '../xml.ts';
import { placeOf, shown } from './shown.ts';

/**
 * JUnit's XML: a suite for each file, a failed case for each finding, and a passed one for a file without. No final
 * newline.
 *
 * @see https://github.com/jenkinsci/xunit-plugin (junit-10.xsd)
 */
export function junit({ findings, paths, report }: Linted, least: Level = 'warning'): string {
  const failures = new Map<string, Finding[]>(paths.map((path) => [path, []]));
  for (const finding of shown(findings, least)) {
    const others = failures.get(finding.path) ?? [];
    others.push(finding);
    failures.set(finding.path, others);
  }
  const suites = [...failures].map(([path, found]) => suiteOf(path, found));
  const tests = suites.reduce((sum, suite) => sum + suite.tests, 0);
  const failed = suites.reduce((sum, suite) => sum + suite.failed, 0);
  const skipped = report.skipped.map(
    ({ path, reason }) =>
      `  <testsuite name=${xmlQuoted(path)} tests="1" failures="0" errors="0" skipped="1">\n` +
      `    <testcase name="modelpack lint" classname=${xmlQuoted(path)}><skipped message=${xmlQuoted(reason)}/></testcase>\n  </testsuite>`,
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="modelpack lint" tests="${tests + skipped.length}" failures="${failed}">`,
    ...suites.map(({ xml }) => xml),
    ...skipped,
    '</testsuites>',
  ].join('\n');
}

function suiteOf(path: string, findings: readonly Finding[]) {
  const tests = Math.max(1, findings.length);
  const cases = findings.map(caseOf);
  if (cases.length === 0) cases.push(`    <testcase name="modelpack lint" classname=${xmlQuoted(path)}/>`);
  const head = `  <testsuite name=${xmlQuoted(path)} tests="${tests}" failures="${findings.length}" errors="0">`;
  return { tests, failed: findings.length, xml: [head, ...cases, '  </testsuite>'].join('\n') };
}

function caseOf(finding: Finding): string {
  const { code, path, level, message, help, instead, start } = finding;
  const details = [placeOf(finding), message, help, instead && `write: ${instead}`].filter(
    (line) => line !== undefined,
  );
  return [
    `    <testcase name=${xmlQuoted(`${code} (line ${start.line})`)} classname=${xmlQuoted(path)}>`,
    `      <failure type=${xmlQuoted(level)} message=${xmlQuoted(message)}>${xmlEscaped(details.join('\n'))}</failure>`,
    '    </testcase>',
  ].join('\n');
}
