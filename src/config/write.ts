import { isMap, isScalar, isSeq, parseDocument, stringify, type YAMLMap } from 'yaml';

import { SCHEMA_ADDRESS } from './schema.ts';

/** A source, and where it was found. */
export interface NewSource {
  readonly source: string;
  readonly from: string | undefined;
}

export interface NewBundle {
  readonly name: string;
  readonly sources: readonly NewSource[];
  readonly destination: string | undefined;
}

/** @param schema where editors find it; the published one unless told */
export function newConfig({ name, sources, destination }: NewBundle, schema = SCHEMA_ADDRESS): string {
  const lines = sources.map(({ source, from }) => {
    const comment = from === undefined ? '' : ` # ${from}`;
    return `      - ${scalar(source)}${comment}`;
  });
  const place =
    destination === undefined
      ? [
          `    destination: ${name}.tar`,
          '    # In S3, where {id} becomes the id of the bundle, so that a new one never replaces an old one:',
          '    # destination: s3://my-bucket/models/{id}.tar',
        ]
      : [`    destination: ${scalar(destination)}`];
  return [
    `# yaml-language-server: $schema=${schema}`,
    'bundles:',
    `  ${scalar(name)}:`,
    '    sources:',
    ...lines,
    ...place,
    '    budgets:',
    '      gates: [tmp] # of tmp, snapstart, memory, package, image: what the bundle has to fit',
    '      # template: template.yaml',
    '',
  ].join('\n');
}

/** The same for JSON, which has no comments. */
export function newJsonConfig({ name, sources, destination }: NewBundle, schema = SCHEMA_ADDRESS): string {
  const bundle = {
    sources: sources.map(({ source }) => source),
    destination: destination ?? `${name}.tar`,
    budgets: { gates: ['tmp'] },
  };
  return `${JSON.stringify({ $schema: schema, bundles: { [name]: bundle } }, null, 2)}\n`;
}

/**
 * Adds sources to a bundle of a configuration, or the bundle. Comments, anchors and everything else stay.
 *
 * @param text of a configuration that was read
 */
export function withSources(text: string, { name, sources, destination }: NewBundle): string {
  const document = parseDocument(text);
  const bundles = document.get('bundles') as YAMLMap;
  const bundle = document.getIn(['bundles', name], true);
  if (!isMap(bundle)) {
    bundles.set(
      document.createNode(name),
      document.createNode({
        sources: sources.map(({ source }) => source),
        destination: destination ?? `${name}.tar`,
      }),
    );
  }
  const list = document.getIn(['bundles', name, 'sources'], true);
  if (isSeq(list)) {
    for (const { source, from } of sources) {
      const known = list.items.some((item) => isScalar(item) && item.value === source);
      if (known) continue;
      const node = document.createNode(source);
      if (from !== undefined && list.flow !== true) node.comment = ` ${from}`;
      list.add(node);
    }
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: text.includes('{ ') });
}

/** The same for JSON, which has no comments to keep. */
export function withSourcesInJson(text: string, { name, sources, destination }: NewBundle): string {
  const config = JSON.parse(text) as { bundles: Record<string, { sources: unknown[] }> };
  const fresh: { sources: unknown[]; destination: string } = {
    sources: [],
    destination: destination ?? `${name}.tar`,
  };
  const bundle = config.bundles[name] ?? fresh;
  bundle.sources.push(...sources.map(({ source }) => source));
  config.bundles[name] = bundle;
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** As YAML reads it back. */
function scalar(text: string): string {
  return stringify(text, { lineWidth: 0 }).trimEnd();
}
