import { pathToFileURL } from 'node:url';

import type { Finding } from '../../../lint/finding.ts';
import { rules } from '../../../lint/rules/all.ts';
import type { Rule } from '../../../lint/rules/rule.ts';
import type { Linted } from '../../../verbs/lint.ts';
import { version } from '../../../version.ts';

/**
 * SARIF 2.1.0, for code scanning. No final newline.
 *
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function sarif({ findings, report }: Linted): string {
  const ids = rules.map(({ code }) => code).concat('syntax-error');
  const notifications = report.skipped.map(({ path, reason }) => ({
    level: 'warning',
    message: { text: `not checked: ${reason}` },
    locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(path) } } }],
  }));
  const run = {
    tool: {
      driver: {
        name: 'modelpack',
        semanticVersion: version,
        rules: [
          ...rules.map(ruleOf),
          { id: 'syntax-error', shortDescription: { text: 'the file is not all Python' } },
        ],
      },
    },
    columnKind: 'utf16CodeUnits',
    invocations: [{ executionSuccessful: true, toolExecutionNotifications: notifications }],
    results: findings.map((finding) => resultOf(finding, ids)),
  };
  return JSON.stringify({
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [run],
  });
}

function ruleOf({ code, title, why, level, bad, good }: Rule): object {
  const markdown = `${why}\n\nBad:\n\n\`\`\`python\n${bad}\`\`\`\n\nGood:\n\n\`\`\`python\n${good}\`\`\`\n`;
  return {
    id: code,
    shortDescription: { text: title },
    fullDescription: { text: why.replace(/\s+/g, ' ') },
    help: { text: why, markdown },
    defaultConfiguration: { level },
  };
}

function resultOf(
  { code, level, path, start, end, message, help, fix }: Finding,
  ids: readonly string[],
): object {
  const artifactLocation = { uri: uriOf(path) };
  const region = {
    startLine: start.line,
    startColumn: start.column,
    endLine: end.line,
    endColumn: end.column,
  };
  const cell = start.cell === undefined ? {} : { logicalLocations: [{ name: `cell ${start.cell}` }] };
  return {
    ruleId: code,
    ruleIndex: ids.indexOf(code),
    level,
    message: {
      text: help === undefined ? message : `${message}. ${help[0]!.toUpperCase()}${help.slice(1)}.`,
    },
    locations: [{ physicalLocation: { artifactLocation, region }, ...cell }],
    ...(fix !== undefined && {
      fixes: [
        {
          description: { text: 'take the path from the environment' },
          artifactChanges: [{ artifactLocation, replacements: fix.map(replacementOf) }],
        },
      ],
    }),
  };
}

function replacementOf({ start, end, text }: NonNullable<Finding['fix']>[number]): object {
  return {
    deletedRegion: {
      startLine: start.line,
      startColumn: start.column,
      endLine: end.line,
      endColumn: end.column,
    },
    insertedContent: { text },
  };
}

/** A relative reference, so that it is of the repository wherever that is. */
function uriOf(path: string): string {
  return path.startsWith('/') ? pathToFileURL(path).href : path.split('/').map(encodeURIComponent).join('/');
}
