import { sha1Hex } from '../store/hash.ts';
import type { Commit, Repository } from '../store/repository.ts';
import type { StoredFile } from '../store/stored-file.ts';
import { flag, type Ask } from '../wire/ask.ts';
import type { World } from '../world.ts';
import { json, type Answer } from './answer.ts';
import { Refused, refusals } from './refusal.ts';

type Node = { readonly path: string; readonly file?: StoredFile };

interface View {
  readonly repository: Repository;
  readonly revision: string;
  readonly commit: Commit;
  /** Callers without access to the files of a gated repository get Xet hashes as asterisks. */
  readonly masked: boolean;
}

const canonicalHost = 'https://huggingface.co';

export function tree(world: World, ask: Ask, view: View, folder: string): Answer {
  const { commit, revision } = view;
  const nodes = nodesOf(commit).filter(({ path }) => folder === '' || path.startsWith(`${folder}/`));
  if (nodes.length === 0 && folder !== '')
    throw new Refused(refusals.unknownFolder(folder, revision, commit.id));
  const depth = folder === '' ? 0 : folder.length + 1;
  const recursive = flag(ask.query, 'recursive');
  const listed = recursive ? nodes : nodes.filter(({ path }) => !path.includes('/', depth));

  const expand = flag(ask.query, 'expand');
  const most = world.options.treePageSize ?? (expand ? 100 : 1000);
  const limit = Math.min(Number(ask.query.get('limit') ?? most) || most, most);
  const start = readCursor(ask.query.get('cursor'));
  const page = listed.slice(start, start + limit).map((node) => describe(view, node, expand));
  const more = start + limit < listed.length;
  return json(page, more ? { Link: nextPage(world, ask, limit, start + limit) } : {});
}

/** Paths that do not exist are left out in silence. */
export function pathsInfo(view: View, paths: readonly string[], expand: boolean): Answer {
  if (paths.length > 2000) throw new Refused(refusals.badRequest('"paths" must contain at most 2000 items'));
  const nodes = new Map(nodesOf(view.commit).map((node) => [node.path, node]));
  const found = [...new Set(paths)].flatMap((path) => nodes.get(path) ?? []);
  return json(found.map((node) => describe(view, node, expand)));
}

/** Files in the order of the commit, each folder before the first file in it. */
function nodesOf({ files }: Commit): Node[] {
  const folders = new Set<string>();
  const nodes: Node[] = [];
  for (const [path, file] of files) {
    for (let slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1)) {
      const folder = path.slice(0, slash);
      if (!folders.has(folder)) nodes.push({ path: folder });
      folders.add(folder);
    }
    nodes.push({ path, file });
  }
  return nodes;
}

function describe(view: View, { path, file }: Node, expand: boolean): Record<string, unknown> {
  const last = expand && { lastCommit: lastChange(view, path) };
  if (file === undefined)
    return { type: 'directory', oid: folderOid(view.commit, path), size: 0, path, ...last };
  const { oid, size, xetHash } = file;
  return {
    type: 'file',
    oid,
    size,
    path,
    ...(file.linked && { lfs: { oid: file.sha256, size, pointerSize: file.pointer.length } }),
    ...(xetHash !== undefined && { xetHash: view.masked ? '*'.repeat(64) : xetHash }),
    ...last,
    ...(expand && { securityFileStatus: { status: 'safe', avScan: { status: 'safe' } } }),
  };
}

/** Not git's tree id, but like it in what matters: it changes with everything below. */
function folderOid({ files }: Commit, folder: string): string {
  const below = [...files.values()].filter(({ path }) => path.startsWith(`${folder}/`));
  return sha1Hex(below.map(({ path, content }) => `${path}\0${content.name}\n`).join(''));
}

/** The commit that made the file (or folder) what it is, which is rarely the one asked for. */
function lastChange({ repository, commit }: View, path: string): Record<string, string> {
  const nameIn = ({ files }: Commit) => files.get(path)?.content.name;
  let last = commit;
  for (const earlier of repository.log(commit.id)) {
    if (nameIn(earlier) !== nameIn(commit)) break;
    last = earlier;
  }
  return { id: last.id, title: last.title, date: last.date };
}

/** Base64 with padding, as the Hub's own: a client that does not keep the `%3D` of the link breaks here. */
function writeCursor(start: number): string {
  return Buffer.from(JSON.stringify({ start }).padEnd(16)).toString('base64');
}

function readCursor(cursor: string | null): number {
  if (cursor === null) return 0;
  if (!cursor.endsWith('=')) throw new Refused(refusals.badRequest('Invalid cursor'));
  return (JSON.parse(Buffer.from(cursor, 'base64').toString()) as { start: number }).start;
}

function nextPage(world: World, ask: Ask, limit: number, start: number): string {
  const query = new URLSearchParams({
    recursive: ask.query.get('recursive') ?? 'false',
    expand: ask.query.get('expand') ?? 'false',
    limit: String(limit),
    cursor: writeCursor(start),
  });
  const path = ask.target.slice(0, (ask.target + '?').indexOf('?'));
  const base = { absolute: new URL(world.endpoint).origin, relative: '', 'canonical-host': canonicalHost };
  const onHost = world.options.linkStyle === 'canonical-host' ? path.slice(world.prefix.length) : path;
  return `<${base[world.options.linkStyle ?? 'absolute']}${onHost}?${query.toString()}>; rel="next"`;
}
