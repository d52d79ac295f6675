import { normalize } from 'node:path';

import { limits } from '../budget/limits.ts';
import { readDocument, type Place, type Structured } from '../document/document.ts';
import { checkSchema } from '../document/schema.ts';
import { messageOf, ModelpackError } from '../errors.ts';
import { isS3Url, parseS3Url } from '../s3/url.ts';
import { bytesOf, formatSize } from '../size.ts';
import { refuseContradictions } from '../source/select.ts';
import type { Selection } from '../source/source.ts';
import { shownSource } from '../source/web/address.ts';
import type { BudgetConfig, BundleConfig, Config, ObjectConfig, SourceConfig } from './config.ts';
import { configSchema } from './schema.ts';
import type { WrittenBundle, WrittenConfig, WrittenSelection, WrittenSource } from './written.ts';

/**
 * Reads `modelpack.yaml`.
 *
 * @param where the file, for messages
 * @throws ModelpackError `usage` with line, column and a hint
 */
export function readConfig(text: string, where: string): Config {
  const document = readDocument(text, where);
  checkSchema(document, configSchema);
  const { bundles: written, lint = {} } = document.value as WrittenConfig;
  const bundles = Object.entries(written).map(([name, bundle]) => readBundle(name, bundle, document));
  checkNames(bundles, document);
  checkDestinations(bundles, document);
  return {
    bundles,
    lint:
      lint === false
        ? undefined
        : { paths: ['.'], exclude: [], level: 'warning', ...(lint === true ? {} : lint) },
  };
}

function readBundle(name: string, written: WrittenBundle, document: Structured): BundleConfig {
  const place = ['bundles', name];
  const { sources: listed, destination, budgets = {} } = written;
  const sources = listed.map((source, at) =>
    readSource(source, written, document, [...place, 'sources', at]),
  );
  for (const [at, { asked }] of sources.entries()) {
    if (sources.findIndex((each) => shownSource(each.asked) === shownSource(asked)) < at)
      throw document.refuse([...place, 'sources', at], `${shownSource(asked)} is there twice`, {
        hint: 'take one of them out, or name another revision',
      });
  }
  if (destination !== undefined && isS3Url(destination))
    translated(document, [...place, 'destination'], () => parseS3Url(destination));
  return {
    name,
    sources,
    destination,
    budgets: readBudgets(budgets, document, [...place, 'budgets']),
    allowPickle: written['allow-pickle'] ?? false,
    object: readObject(written, document, place),
  };
}

function readSource(
  written: WrittenSource,
  shared: WrittenSelection,
  document: Structured,
  place: Place,
): SourceConfig {
  if (typeof written === 'string') {
    const selection = selectionOf(shared);
    translated(document, place.slice(0, 2), () => refuseContradictions(selection));
    return { asked: written, selection };
  }
  const { source, name, revision } = written;
  const own = Object.keys(selectionKeys).some((key) => key in written);
  const selection = selectionOf(own ? written : shared);
  translated(document, own ? place : place.slice(0, 2), () => refuseContradictions(selection));
  if (revision !== undefined && source.includes('@'))
    throw document.refuse([...place, 'revision'], `${shownSource(source)} has a revision already`, {
      hint: 'write it once: behind @, or as revision',
    });
  const at = revision === undefined ? source : `${source}@${revision}`;
  return { asked: name === undefined ? at : `${name}=${at}`, selection };
}

const selectionKeys = { include: true, exclude: true, weights: true, all: true } as const;

function selectionOf({ include = [], exclude = [], weights, all = false }: WrittenSelection): Selection {
  return { include, exclude, weights, all };
}

function readBudgets(
  written: NonNullable<WrittenBundle['budgets']>,
  document: Structured,
  place: Place,
): BudgetConfig {
  const { gates = ['tmp'], template, functions = [], parameters = {} } = written;
  if (functions.length > 0 && template === undefined)
    throw document.refuse([...place, 'functions'], 'functions are of a template, and none is named', {
      hint: 'add template: template.yaml',
    });
  const sizeAt = (key: 'tmp' | 'memory', min: number, max: number) => {
    const text = written[key];
    const bytes = text === undefined ? undefined : bytesOf(text);
    if (text === undefined || (bytes !== undefined && bytes >= min && bytes <= max)) return bytes;
    throw document.refuse([...place, key], `${text} is outside of what Lambda takes`, {
      hint: `${key} is ${formatSize(min)} to ${formatSize(max)}`,
    });
  };
  return {
    gates,
    tmp: sizeAt('tmp', limits.tmpDefault.bytes, limits.tmpMax.bytes),
    memory: sizeAt('memory', limits.memoryMin.bytes, limits.memoryMax.bytes),
    template,
    functions,
    parameters,
  };
}

function readObject(written: WrittenBundle, document: Structured, place: Place): ObjectConfig {
  const { sse, tags = {}, metadata = {}, addressing, region, checksum = 'auto' } = written;
  const sseKmsKeyId = written['sse-kms-key-id'];
  if (sseKmsKeyId !== undefined && sse !== 'aws:kms')
    throw document.refuse([...place, 'sse-kms-key-id'], 'sse-kms-key-id needs sse: aws:kms', {
      hint: 'add sse: aws:kms',
    });
  return {
    tags,
    metadata,
    storageClass: written['storage-class'],
    sse,
    sseKmsKeyId,
    noClobber: written['no-clobber'] ?? false,
    endpointUrl: written['endpoint-url'],
    addressing,
    region,
    checksum,
  };
}

/** One bundle would replace the other, again and again. */
/** The variables of a bundle, MODELPACK_TEXT_EN_ID say, are to be of one only. */
function checkNames(bundles: readonly BundleConfig[], document: Structured): void {
  const seen = new Map<string, string>();
  for (const { name } of bundles) {
    const variable = name.toUpperCase().replaceAll('-', '_');
    const other = seen.get(variable);
    if (other !== undefined)
      throw document.refuse(['bundles', name], `${other} and ${name} would have the same variables`, {
        hint: 'let them differ in more than case, - and _',
      });
    seen.set(variable, name);
  }
}

function checkDestinations(bundles: readonly BundleConfig[], document: Structured): void {
  const seen = new Map<string, string>();
  for (const { name, destination } of bundles) {
    if (destination === undefined) continue;
    const isFile = !isS3Url(destination);
    if (destination.includes('{id}')) {
      if (!isFile) continue;
      throw document.refuse(['bundles', name, 'destination'], '{id} is for keys of S3, and this is a file', {
        hint: `name the file: ${name}.tar`,
      });
    }
    const place = isFile ? normalize(destination) : destination;
    const other = seen.get(place);
    if (other !== undefined)
      throw document.refuse(
        ['bundles', name, 'destination'],
        `${other} and ${name} have the same destination`,
        { hint: 'give each its own; in S3, {id} in the key does' },
      );
    seen.set(place, name);
  }
}

/** A refusal from elsewhere, with the place in this file. */
function translated<T>(document: Structured, place: Place, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ModelpackError)) throw error;
    throw document.refuse(place, messageOf(error), { hint: error.hint, cause: error });
  }
}
