// Keys in the order of S3, grouped by a delimiter, a page at a time. Objects and uploads are listed alike.

export interface PageQuery<Item> {
  readonly prefix: string;
  readonly delimiter: string;
  readonly limit: number;
  /** Where the page before ended: a key, or a common prefix. */
  readonly marker: string;
  /** Whether an item comes after that place. */
  readonly isAfter: (item: Item) => boolean;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly prefixes: readonly string[];
  readonly truncated: boolean;
  /** The last item or common prefix of the page. */
  readonly last?: Item | string;
}

/** `sorted` must be in the order of keyOrder. */
export function listPage<Item extends { readonly key: string }>(
  sorted: readonly Item[],
  { prefix, delimiter, limit, marker, isAfter }: PageQuery<Item>,
): Page<Item> {
  const entries: (Item | string)[] = [];
  const seen = new Set<string>();
  let truncated = false;
  for (const item of sorted) {
    const group = groupOf(item.key, prefix, delimiter);
    if (!item.key.startsWith(prefix) || !isAfter(item)) continue;
    if (group !== undefined && (group === marker || seen.has(group))) continue;
    truncated = entries.length >= limit;
    if (truncated) break;
    if (group !== undefined) seen.add(group);
    entries.push(group ?? item);
  }
  const last = entries.at(-1);
  return {
    items: entries.filter((entry) => typeof entry !== 'string'),
    prefixes: [...seen],
    truncated: truncated && limit > 0,
    ...(last !== undefined && { last }),
  };
}

/** S3 orders keys by their UTF-8 bytes; JavaScript's own order differs beyond U+D7FF. */
export function keyOrder(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

function groupOf(key: string, prefix: string, delimiter: string): string | undefined {
  const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}
