import type { CiRun } from '../../../verbs/ci.ts';
import { plain } from '../paint.ts';
import { changed } from '../lock.ts';
import { text as lintText } from '../lint/text.ts';
import { text as sizeText } from '../size-check/text.ts';
import { xmlEscaped, xmlQuoted } from '../xml.ts';
import { besideOf } from './words.ts';

interface Case {
  readonly name: string;
  /** What is to be read of a failure; undefined when it passed. */
  readonly failure: string | undefined;
}

/** The width that its texts are made for. */
const COLUMNS = 100;

/** JUnit's XML: a suite for each gate, and a case for each bundle. No final newline. */
export function junit({ result, linted, locked, sizes }: CiRun): string {
  const suites: readonly (readonly [string, readonly Case[]])[] = [
    [
      'lint',
      linted === undefined
        ? []
        : [{ name: 'code', failure: result.failed === 'lint' ? lintText(linted) : undefined }],
    ],
    [
      'lock',
      (locked?.bundles ?? []).map((bundle) => ({
        name: bundle.bundle,
        failure: result.failed === 'lock' && !bundle.upToDate ? changed(bundle, plain, COLUMNS) : undefined,
      })),
    ],
    [
      'size-check',
      result.bundles.flatMap(({ bundle, sizeCheck }) =>
        sizeCheck === null
          ? []
          : {
              name: bundle,
              failure: sizeCheck.fits ? undefined : sizeText(sizeCheck, besideOf(sizes.get(bundle))),
            },
      ),
    ],
    [
      'fetch',
      result.bundles
        .filter(({ fetch }) => fetch !== null)
        .map(({ bundle }) => ({ name: bundle, failure: undefined })),
    ],
  ];
  const all = suites.flatMap(([, cases]) => cases);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="modelpack ci" tests="${all.length}" failures="${failuresIn(all)}">`,
    ...suites.filter(([, cases]) => cases.length > 0).map(([name, cases]) => suiteOf(name, cases)),
    '</testsuites>',
  ].join('\n');
}

function suiteOf(name: string, cases: readonly Case[]): string {
  return [
    `  <testsuite name=${xmlQuoted(name)} tests="${cases.length}" failures="${failuresIn(cases)}" errors="0">`,
    ...cases.map(({ name: own, failure }) => {
      const head = `    <testcase name=${xmlQuoted(own)} classname=${xmlQuoted(`modelpack ${name}`)}`;
      if (failure === undefined) return `${head}/>`;
      const [first = ''] = failure.split('\n');
      return `${head}>\n      <failure type=${xmlQuoted(name)} message=${xmlQuoted(first)}>${xmlEscaped(failure)}</failure>\n    </testcase>`;
    }),
    '  </testsuite>',
  ].join('\n');
}

function failuresIn(cases: readonly Case[]): number {
  return cases.filter(({ failure }) => failure !== undefined).length;
}
