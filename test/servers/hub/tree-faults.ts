import type { FaultAction } from './faults.ts';

/** Lies a tree can tell, as actions for `fault({ path: /\/tree\//, action: wrongSize('model.safetensors', 1) })`. */

interface Entry {
  path: string;
  size: number;
  lfs?: { oid: string; size: number };
  xetHash?: string;
}

export function wrongSize(path: string, size: number): FaultAction {
  return inTree((entry) =>
    entry.path === path
      ? { ...entry, size, ...(entry.lfs !== undefined && { lfs: { ...entry.lfs, size } }) }
      : entry,
  );
}

export function wrongSha256(path: string): FaultAction {
  return inTree((entry) =>
    entry.path === path && entry.lfs !== undefined
      ? { ...entry, lfs: { ...entry.lfs, oid: 'f'.repeat(64) } }
      : entry,
  );
}

/** As seen by callers without access to the files: huggingface_hub#4595. */
export function maskedXetHashes(): FaultAction {
  return inTree((entry) => (entry.xetHash === undefined ? entry : { ...entry, xetHash: '*'.repeat(64) }));
}

/** An error object with status 200, where a list belongs. */
export function objectForList(error = 'Internal Error - We are working hard to fix this'): FaultAction {
  return { kind: 'json', rewrite: () => ({ error }) };
}

function inTree(change: (entry: Entry) => Entry): FaultAction {
  return { kind: 'json', rewrite: (json) => (Array.isArray(json) ? (json as Entry[]).map(change) : json) };
}
