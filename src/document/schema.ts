import type { ErrorObject } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { closestMatch } from 'leven';

import { brief, quoted } from '../printable.ts';
import type { Place, Structured } from './document.ts';

/** A JSON Schema, draft 2020-12: what is published is what is read by. */
export type Schema = Readonly<Record<string, unknown>>;

/**
 * Refuses what a schema does not allow, in words: what is wrong, where, and what was perhaps meant. The `description` of
 * the part of the schema that was broken is the hint.
 *
 * @throws ModelpackError `usage`
 */
export function checkSchema(document: Structured, schema: Schema): void {
  const wrong = firstWrong(document.value, schema);
  if (wrong === undefined) return;
  const { place, part, message, hint } = wrong;
  throw document.refuse(place, message, { part, hint });
}

interface Wrong {
  readonly place: Place;
  readonly part: 'key' | 'value';
  readonly message: string;
  readonly hint: string | undefined;
}

const compiled = new WeakMap<Schema, ReturnType<Ajv2020['compile']>>();

/** The first thing that a schema does not allow; undefined when it allows the value. */
export function firstWrong(value: unknown, schema: Schema): Wrong | undefined {
  let validate = compiled.get(schema);
  if (validate === undefined) {
    const ajv = new Ajv2020({ verbose: true, allowUnionTypes: true, strictTypes: false });
    validate = ajv.compile(schema);
    compiled.set(schema, validate);
  }
  return validate(value) ? undefined : inWords(validate.errors![0]!);
}

function inWords(error: ErrorObject): Wrong {
  const { keyword, instancePath, params, parentSchema, data, message, propertyName } = error;
  const place = instancePath.split('/').slice(1).map(unescaped);
  const description = parentSchema?.['description'];
  const help = typeof description === 'string' ? description : undefined;
  const name = place.at(-1);
  const said = (text: string, hint = help): Wrong => ({ place, part: 'value', message: text, hint });
  if (propertyName !== undefined)
    return {
      ...said(`${quoted(propertyName)} is no name`),
      place: [...place, propertyName],
      part: 'key',
    };
  switch (keyword) {
    case 'additionalProperties': {
      const unknown = String(params['additionalProperty']);
      const known = Object.keys((parentSchema?.['properties'] as object | undefined) ?? {});
      return {
        place: [...place, unknown],
        part: 'key',
        message: `unknown key ${quoted(unknown)}`,
        hint: meant(unknown, known) ?? `known here: ${known.join(', ')}`,
      };
    }
    case 'required':
      return said(`${String(params['missingProperty'])} is missing`);
    case 'type':
      return said(
        `${name === undefined ? 'it' : brief(name)} has to be ${kinds(params['type'])}, not ${kindOf(data)}`,
      );
    case 'enum': {
      const allowed = params['allowedValues'] as readonly unknown[];
      const near = typeof data === 'string' ? meant(data, allowed.map(String)) : undefined;
      return said(`${shown(data)} is none of ${allowed.join(', ')}`, near ?? help);
    }
    case 'pattern':
      return said(`${shown(data)} is not understood`);
    default:
      return said(`${name === undefined ? 'it' : brief(name)} ${message ?? 'is not allowed'}`);
  }
}

function unescaped(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** What was perhaps meant by a slip of the hand. */
function meant(given: string, known: readonly string[]): string | undefined {
  const near = closestMatch(given.slice(0, 100), [...known], { maxDistance: Math.max(2, given.length / 3) });
  return near === undefined ? undefined : `did you mean ${near}?`;
}

const names: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  null: 'nothing',
};

function kinds(types: unknown): string {
  return [types]
    .flat()
    .map((type) => names[String(type)] ?? String(type))
    .join(' or ');
}

function kindOf(data: unknown): string {
  if (data === null || data === undefined) return 'nothing';
  if (Array.isArray(data)) return 'a list';
  return typeof data === 'boolean' ? String(data) : (names[typeof data] ?? typeof data);
}

function shown(data: unknown): string {
  return typeof data === 'string' ? quoted(data) : brief(JSON.stringify(data) ?? String(data));
}
