import type { Finding, Level } from '../../../lint/finding.ts';
import type { Linted } from '../../../verbs/lint.ts';
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
      `  <testsuite name=${quoted(path)} tests="1" failures="0" errors="0" skipped="1">\n` +
      `    <testcase name="modelpack lint" classname=${quoted(path)}><skipped message=${quoted(reason)}/></testcase>\n  </testsuite>`,
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
  if (cases.length === 0) cases.push(`    <testcase name="modelpack lint" classname=${quoted(path)}/>`);
  const head = `  <testsuite name=${quoted(path)} tests="${tests}" failures="${findings.length}" errors="0">`;
  return { tests, failed: findings.length, xml: [head, ...cases, '  </testsuite>'].join('\n') };
}

function caseOf(finding: Finding): string {
  const { code, path, level, message, help, instead, start } = finding;
  const details = [placeOf(finding), message, help, instead && `write: ${instead}`].filter(
    (line) => line !== undefined,
  );
  return [
    `    <testcase name=${quoted(`${code} (line ${start.line})`)} classname=${quoted(path)}>`,
    `      <failure type=${quoted(level)} message=${quoted(message)}>${escaped(details.join('\n'))}</failure>`,
    '    </testcase>',
  ].join('\n');
}

function quoted(text: string): string {
  return `"${escaped(text).replaceAll('"', '&quot;').replaceAll('\n', '&#10;')}"`;
}

/** What XML 1.0 cannot hold at all is left out: https://www.w3.org/TR/xml/#charsets */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
