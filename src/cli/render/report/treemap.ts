import { hierarchy, treemap, treemapSquarify } from 'd3-hierarchy';

import type { ComparedModel } from '../../../lock/changes.ts';
import { formatCount } from '../../../size.ts';

/** A rectangle of a treemap, in the units that it was laid out in. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One file, or all small ones of a model together. */
export interface Cell extends Box {
  /** Within the model. */
  readonly name: string;
  readonly size: number;
  /** Of the files that it stands for, in `Group.model`'s; undefined for several. */
  readonly file: number | undefined;
}

export interface Group extends Box {
  readonly name: string;
  readonly size: number;
  /** Its place among the models. */
  readonly model: number;
  readonly cells: readonly Cell[];
}

export interface TreemapOptions {
  readonly width: number;
  readonly height: number;
  /** Room above the files for the model's name. */
  readonly head: number;
  /** Between models; between files it is half of it. */
  readonly gap: number;
}

interface Leaf {
  readonly name: string;
  readonly size: number;
  readonly file?: number;
}

interface Branch {
  readonly model?: number;
  readonly children: readonly (Branch | Leaf)[];
}

/** Files of a model that are shown one by one, at most, and what share of all a smaller one is not. */
export const MOST_FILES = 24;
const SMALLEST = 0.004;

/** Areas in proportion to bytes: a group a model, a cell a file. Files without bytes have no cell. */
export function layTreemap(models: readonly ComparedModel[], options: TreemapOptions): readonly Group[] {
  const { width, height, head, gap } = options;
  const total = models.reduce((sum, { files }) => sum + sizeOf(files), 0);
  const groups = models
    .map((model, at) => ({ model: at, size: sizeOf(model.files), children: leavesOf(model, total) }))
    .toSorted((a, b) => b.size - a.size)
    .map(({ model, children }): Branch => ({ model, children }));
  const tree: Branch = { children: groups };
  const root = hierarchy<Branch | Leaf>(tree, (node) => ('children' in node ? node.children : undefined)).sum(
    (node) => ('size' in node ? node.size : 0),
  );
  const laid = treemap<Branch | Leaf>()
    .size([width, height])
    .tile(treemapSquarify)
    .paddingInner(gap / 2)
    .paddingTop((node) => (node.depth === 1 ? head : 0))
    .round(false)(root);
  return (laid.children ?? []).flatMap((group): Group[] => {
    const { model } = group.data as Branch;
    if (model === undefined || (group.value ?? 0) === 0) return [];
    const cells = (group.children ?? []).flatMap((leaf): Cell[] => {
      const { name, size, file } = leaf.data as Leaf;
      return size === 0 ? [] : [{ ...within(options, leaf), name, size, file }];
    });
    return [{ ...within(options, group), name: models[model]!.name, size: group.value ?? 0, model, cells }];
  });
}

function leavesOf({ files }: ComparedModel, total: number): readonly Leaf[] {
  const inOrder = files
    .map(({ path, size }, file) => ({ name: path, size, file }))
    .toSorted((a, b) => b.size - a.size);
  const shown = inOrder.filter(({ size }, at) => at < MOST_FILES && size >= total * SMALLEST);
  const rest = inOrder.slice(shown.length);
  if (rest.length <= 1) return inOrder;
  return [...shown, { name: formatCount(rest.length, 'smaller file'), size: sizeOf(rest) }];
}

/** Between its padding a sliver may come to stand outside of the frame. */
function within(
  { width, height }: TreemapOptions,
  { x0, x1, y0, y1 }: { x0: number; x1: number; y0: number; y1: number },
): Box {
  const [left, right] = [Math.min(x0, width), Math.min(x1, width)];
  const [top, bottom] = [Math.min(y0, height), Math.min(y1, height)];
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function sizeOf(files: readonly { readonly size: number }[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
