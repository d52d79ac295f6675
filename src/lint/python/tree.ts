import { createRequire } from 'node:module';

// A CommonJS module whose names Node does not see, so it is taken whole.
import treeSitter, { type Parser, type Tree, type TreeCursor } from '@vscode/tree-sitter-wasm';

/** A node of a syntax tree, without its punctuation and comments. Offsets count UTF-16 units. */
export interface Node {
  readonly type: string;
  readonly from: number;
  readonly to: number;
  /** What it is to its parent: `left`, `arguments`, `operator`, … */
  readonly field: string | undefined;
  readonly parent: Node | undefined;
  readonly children: readonly Node[];
}

export interface Comment {
  readonly from: number;
  readonly to: number;
}

export interface Parsed {
  readonly root: Node;
  readonly comments: readonly Comment[];
  /** Where the grammar was left for the first time; the parser goes on behind it. */
  readonly firstError: number | undefined;
}

/** Deeper than this, what is inside a node is left out: nobody writes it, and what walks a tree is recursive. */
const DEEPEST = 200;
/** After this many milliseconds parsing is given up. Real files take 5 for 1,000 lines. */
const PATIENCE = 20_000;

const require = createRequire(import.meta.url);
const ready = new Map<string, Promise<Parser>>();

/**
 * A parser that takes anything: what is not of the language becomes a gap in the tree.
 *
 * @param grammar the file of the grammar, as a path that Node resolves
 * @returns a function that gives undefined where parsing takes too long
 */
export async function openParser(grammar: string): Promise<(text: string) => Parsed | undefined> {
  let opening = ready.get(grammar);
  if (opening === undefined) ready.set(grammar, (opening = open(grammar)));
  const parser = await opening;
  return (text) => {
    const until = performance.now() + PATIENCE;
    const tree = parser.parse(text, undefined, { progressCallback: () => performance.now() > until });
    if (tree === null) {
      parser.reset();
      return undefined;
    }
    try {
      return plant(tree);
    } finally {
      tree.delete();
    }
  };
}

export const pythonGrammar = '@vscode/tree-sitter-wasm/wasm/tree-sitter-python.wasm';

async function open(grammar: string): Promise<Parser> {
  const { Parser, Language } = treeSitter;
  await Parser.init();
  const parser = new Parser();
  parser.setLanguage(await Language.load(require.resolve(grammar)));
  return parser;
}

/** What has nothing inside, so that it need not be asked. */
const leaves = new Set([
  'identifier',
  'comment',
  'integer',
  'float',
  'true',
  'false',
  'none',
  'string_start',
  'string_end',
]);

interface Growing extends Node {
  readonly children: Node[];
}

/** Copies the tree out of WebAssembly in one walk: asking it node by node is many times slower. */
function plant(tree: Tree): Parsed {
  const comments: Comment[] = [];
  const cursor: TreeCursor = tree.walk();
  const root = grow(cursor, undefined);
  let parent: Growing = root;
  let depth = 0;
  const { hasError } = tree.rootNode;
  let firstError: number | undefined;
  let down = cursor.gotoFirstChild();
  if (down) depth++;
  while (depth > 0) {
    let entered = false;
    // Each question to the cursor goes into WebAssembly and back, so the rarer ones are asked last.
    if (hasError && firstError === undefined && (cursor.nodeType === 'ERROR' || cursor.nodeIsMissing))
      firstError = cursor.startIndex;
    if (cursor.nodeIsNamed || cursor.currentFieldName === 'operator') {
      const node = grow(cursor, parent);
      if (node.type === 'comment') comments.push(node);
      else parent.children.push(node);
      if (!leaves.has(node.type) && depth < DEEPEST && cursor.gotoFirstChild()) {
        parent = node;
        depth++;
        entered = true;
      }
    }
    if (entered) continue;
    while (depth > 0 && !cursor.gotoNextSibling()) {
      cursor.gotoParent();
      depth--;
      parent = (parent.parent as Growing | undefined) ?? root;
    }
  }
  cursor.delete();
  if (root.type === 'ERROR') firstError ??= 0;
  return { root, comments, firstError };
}

function grow(cursor: TreeCursor, parent: Node | undefined): Growing {
  const { nodeType: type, startIndex: from, endIndex: to } = cursor;
  return { type, from, to, field: cursor.currentFieldName ?? undefined, parent, children: [] };
}

/** The child that is this to the node. */
export function child(node: Node, field: string): Node | undefined {
  return node.children.find((each) => each.field === field);
}

/** The node and all below it, those above before those below. */
export function* walk(node: Node): Generator<Node> {
  yield node;
  for (const each of node.children) yield* walk(each);
}
