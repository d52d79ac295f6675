import type { CacheArgument, CacheCall, CacheVariable, Library } from '../../src/cache-paths/library.ts';
import { libraries } from '../../src/cache-paths/table.ts';
import { escapeMarkdown } from '../../src/cli/render/table.ts';
import { configSchema, SCHEMA_FILE } from '../../src/config/schema.ts';
import { ruleMarkdown } from '../../src/lint/docs.ts';
import { rules } from '../../src/lint/rules/all.ts';

/** The pages that are made from the code, by their path. */
export function pages(): Readonly<Record<string, string>> {
  return {
    'docs/cache-paths.md': cachePaths(),
    [SCHEMA_FILE]: `${JSON.stringify(configSchema, null, 2)}\n`,
    'docs/lint/README.md': ruleList(),
    ...Object.fromEntries(rules.map((rule) => [`docs/lint/${rule.code}.md`, ruleMarkdown(rule)])),
  };
}

const MADE = '<!-- Made by scripts/docs.ts: change the code, then run it. -->';

function ruleList(): string {
  const rows = rules.map((rule) => `| [${rule.code}](${rule.code}.md) | ${rule.level} | ${rule.title} |`);
  return `${MADE}

# What modelpack lint finds

| code | level | what |
|---|---|---|
${rows.join('\n')}
| syntax-error | note | the file is not all Python; what surrounds the place is checked |

An \`error\` cannot work on Lambda. A \`warning\` fails unless something outside of the code helps, or costs more than it has
to. A \`note\` is worth knowing, or not sure: code below \`if __name__ == "__main__"\`, a class that is not known, a path that
the caller gives. The level of a finding can be lower than that of its rule.
`;
}

function cachePaths(): string {
  return `${MADE}

# Where Python libraries keep models

What \`modelpack lint\` checks and \`modelpack env\` sets, for ${libraries.length} libraries, or versions of them. It was read in their sources
in November 2026: \`evidence\` says where. \`run\` means that it was also tried with a home folder that cannot be made.

The argument of a call comes before the variables, and they stand in their order of precedence. A variable that is read
*at import* has to be set before the library is imported for the first time.

${libraries.map(librarySection).join('\n')}`;
}

function librarySection(library: Library): string {
  const { name, calls, variables, removed, fallback, safe, writes, note, verified, evidence } = library;
  const facts = [
    `- without anything: ${prose(fallback)}${safe === true ? ', which works on Lambda' : ''}`,
    `- writes: ${prose(writes)}`,
    ...(removed === undefined ? [] : [`- not read any more: ${removed.map(code).join(', ')}`]),
    ...(note === undefined ? [] : [`- ${prose(note)}`]),
    `- known from: ${prose(verified)}; ${evidence.map(code).join(', ')}`,
  ];
  return `## ${prose(name)}

${table(['call', 'argument', ''], calls.map(callRow))}${table(['variable', 'models are in', 'read at'], variables.map(variableRow))}${facts.join('\n')}
`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |');
  return `${[line(heads), `|${'---|'.repeat(heads.length)}`, ...rows.map(line)].join('\n')}\n\n`;
}

function callRow({ call, arguments: given, all, note, kind }: CacheCall): string[] {
  const names = given.map(argumentText).join(all === true ? ' and ' : ' or ');
  const kinds = {
    download: 'downloads',
    install: 'installs',
    set: 'sets it',
    plain: 'not checked',
    load: '',
    path: 'a path',
  };
  return [
    code(call),
    names,
    [kinds[kind], note]
      .filter(Boolean)
      .map((each) => prose(each!))
      .join('; '),
  ];
}

function argumentText({ name, position, inside }: CacheArgument): string {
  if (inside !== undefined) return code(`${inside}={"${name}": …}`);
  return position === undefined ? code(name) : `${code(name)} (position ${position})`;
}

function variableRow({ name, below, readAt, note }: CacheVariable): string[] {
  const where = code(below === '' ? `$${name}` : `$${name}/${below}`);
  return [code(name), note === undefined ? where : `${where}; ${prose(note)}`, readAt];
}

function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}

function prose(text: string): string {
  return escapeMarkdown(text);
}
