import { compareBytes } from '../bundle/layout.ts';
import type { Lock, LockedBundle, LockedModel } from './lock.ts';

/**
 * The one spelling of a lock: JSON with a line for each file, everything in byte order, so that two branches that
 * change different models can be merged, and a change can be read.
 */
export function encodeLock({ version, bundles }: Lock): string {
  const entries = bundles
    .toSorted((a, b) => compareBytes(a.name, b.name))
    .map((bundle) => `    ${json(bundle.name)}: ${encodeBundle(bundle)}`);
  const all = entries.length === 0 ? '{}' : `{\n${entries.join(',\n')}\n  }`;
  return `{\n  "version": ${version},\n  "bundles": ${all}\n}\n`;
}

function encodeBundle({ id, size, models }: LockedBundle): string {
  const lines = models.toSorted(inOrder).map(encodeModel);
  const all = lines.length === 0 ? '[]' : `[\n${lines.join(',\n')}\n      ]`;
  return `{\n      "id": ${json(id)},\n      "size": ${size},\n      "models": ${all}\n    }`;
}

function encodeModel({ asked, selection, name, source, revision, ref, license, files }: LockedModel): string {
  const facts = Object.entries({
    asked,
    ...(Object.keys(selection).length > 0 && { selection: inOneSpelling(selection) }),
    name,
    source,
    revision,
    ref,
    license,
  }).flatMap(([key, value]) => (value === undefined ? [] : [`          "${key}": ${json(value)}`]));
  const rows = files
    .toSorted((a, b) => compareBytes(a.path, b.path))
    .map(
      ({ path, size, sha256 }) =>
        `            { "path": ${json(path)}, "size": ${size}, "sha256": ${json(sha256)} }`,
    );
  const list = rows.length === 0 ? '[]' : `[\n${rows.join(',\n')}\n          ]`;
  return `        {\n${[...facts, `          "files": ${list}`].join(',\n')}\n        }`;
}

function inOneSpelling({ include, exclude, weights, all }: LockedModel['selection']) {
  return { include, exclude, weights, all };
}

function inOrder(a: LockedModel, b: LockedModel): number {
  return compareBytes(a.name, b.name) || compareBytes(a.source, b.source) || compareBytes(a.asked, b.asked);
}

function json(value: unknown): string {
  return JSON.stringify(value);
}
