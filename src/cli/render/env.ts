import type { Environment } from '../../cache-paths/environment.ts';

export const envFormats = [
  'dotenv',
  'json',
  'yaml',
  'sam',
  'cloudformation',
  'serverless',
  'terraform',
  'dockerfile',
] as const;
export type EnvFormat = (typeof envFormats)[number];

interface Shape {
  /** Lines before the variables, and after them. */
  readonly head: readonly string[];
  readonly tail: readonly string[];
  readonly indent: string;
  readonly line: (name: string, value: string) => string;
}

const yamlLine = (name: string, value: string) => `${name}: ${value}`;

const shapes: Readonly<Record<Exclude<EnvFormat, 'json'>, Shape>> = {
  dotenv: { head: [], tail: [], indent: '', line: (name, value) => `${name}=${value}` },
  yaml: { head: [], tail: [], indent: '', line: yamlLine },
  sam: {
    head: ['Globals:', '  Function:', '    Environment:', '      Variables:'],
    tail: [],
    indent: '        ',
    line: yamlLine,
  },
  cloudformation: { head: ['Environment:', '  Variables:'], tail: [], indent: '    ', line: yamlLine },
  serverless: { head: ['provider:', '  environment:'], tail: [], indent: '    ', line: yamlLine },
  terraform: {
    head: ['environment {', '  variables = {'],
    tail: ['  }', '}'],
    indent: '    ',
    line: (name, value) => `${name} = "${value}"`,
  },
  dockerfile: { head: [], tail: [], indent: '', line: (name, value) => `ENV ${name}=${value}` },
};

/**
 * To paste. Names and values are letters, digits and `._/-` only, so that they mean the same in every format. No final
 * newline.
 */
export function env(environment: Environment, format: EnvFormat, explain: boolean): string {
  const { variables, notes } = environment;
  if (format === 'json')
    return JSON.stringify(
      Object.fromEntries(variables.map(({ name, value }) => [name, value])),
      undefined,
      2,
    );
  const { head, tail, indent, line } = shapes[format];
  return [
    ...head,
    ...variables.flatMap(({ name, value, why }) => [
      ...(explain ? [`${indent}# ${why}`] : []),
      indent + line(name, value),
    ]),
    ...tail,
    ...notes.map((note) => `# ${note}`),
  ].join('\n');
}
