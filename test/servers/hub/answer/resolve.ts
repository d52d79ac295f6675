import { contentOf } from '../store/content.ts';
import type { Commit, Repository } from '../store/repository.ts';
import type { StoredFile } from '../store/stored-file.ts';
import type { Ask } from '../wire/ask.ts';
import { withRepo, type Route } from '../wire/route.ts';
import type { World } from '../world.ts';
import { commitAt, mayRead, visible } from './access.ts';
import { json, redirect, type Answer, type HeaderFields } from './answer.ts';
import { Refused, refusals } from './refusal.ts';
import { disposition } from './ticket.ts';

type FileRoute = Extract<Route, { path: string; kind: 'resolve' | 'raw' | 'resolve-cache' }>;

/** A file and the way to it. */
interface Place {
  readonly repository: Repository;
  readonly commit: Commit;
  readonly file: StoredFile;
}

const textual = /(^|\/)(\.git\w+|LICENSE|[^/]+\.(json|txt|md|py|ya?ml|jinja|model_card))$/;

/** `/{repo}/resolve/…`, `/{repo}/raw/…` and `/api/resolve-cache/…`. */
export function serveFile(world: World, ask: Ask, route: FileRoute): Answer {
  const repository = visible(world, ask, route.repo);
  const renamed = route.repo !== repository.id;
  if (renamed && world.options.unsettled?.redirectRenamedFiles === true) {
    return redirect(307, withRepo(ask.target, route.repo, repository.id));
  }
  mayRead(world, ask, repository);
  const commit = commitAt(repository, route.revision);
  const file = commit.files.get(route.path);
  if (file === undefined) throw new Refused(refusals.unknownFile(commit.id));
  const place = { repository, commit, file };
  if (route.kind === 'raw') return raw(place);
  if (route.kind === 'resolve-cache' || file.storage === 'direct') return conditional(ask, place);
  return file.storage === 'git' ? toCache(world, ask, route, place) : toCdn(world, ask, place);
}

/** LFS files show their pointer here, whence the "weights" of 130 bytes in many a bug report. */
function raw({ commit, file }: Place): Answer {
  const shown = file.linked
    ? { ...plain(file), content: contentOf(file.pointer), compressible: true }
    : plain(file);
  return { status: 200, headers: fileHeaders(commit, file, file.oid), payload: shown };
}

function conditional(ask: Ask, { commit, file }: Place): Answer {
  const headers = fileHeaders(commit, file, file.blobSha1);
  if (ask.headers['if-none-match'] === `"${file.blobSha1}"`) {
    return { status: 304, headers, payload: { kind: 'none' } };
  }
  return { status: 200, headers, payload: plain(file) };
}

/** Shape A. The query says where the request came from and is not needed to follow. */
function toCache(world: World, ask: Ask, route: FileRoute, place: Place): Answer {
  const { repository, commit, file } = place;
  if (ask.headers['if-none-match'] === `"${file.blobSha1}"`) return conditional(ask, place);
  const path = `${world.prefix}/api/resolve-cache/models/${repository.id}/${commit.id}/${encodeURIComponent(file.path)}`;
  const from = encodeURIComponent(`/${route.repo}/resolve/${route.revision}/${file.path}`);
  return redirect(307, `${path}?${from}=&etag=${encodeURIComponent(`"${file.blobSha1}"`)}`, {
    'X-Repo-Commit': commit.id,
    Vary: 'Origin, Accept',
    ...(world.options.unsettled?.linkedOnGitRedirect === true && {
      'X-Linked-Size': String(file.size),
      'X-Linked-ETag': `"${file.blobSha1}"`,
    }),
  });
}

/** Shape B, or D for a client that speaks Xet. Size and hash of the file are in these headers and nowhere after. */
function toCdn(world: World, ask: Ask, { repository, commit, file }: Place): Answer {
  const linked = {
    'X-Repo-Commit': commit.id,
    'X-Linked-Size': String(file.size),
    'X-Linked-ETag': `"${file.sha256}"`,
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'no-store',
    Vary: 'Origin, Accept',
    ...xetHeaders(world, repository, commit, file),
  };
  const wantsXet = ask.headers.accept?.includes('application/vnd.xet-fileinfo+json') === true;
  if (wantsXet && file.xetHash !== undefined) {
    return json(
      { hash: file.xetHash, size: file.size, etag: file.sha256 },
      { ...linked, 'Content-Type': 'application/vnd.xet-fileinfo+json' },
    );
  }
  return redirect(302, world.cdn + world.tickets.issue(file, repository.hexId, ask.headers.range), linked);
}

function xetHeaders(world: World, { id }: Repository, commit: Commit, { xetHash }: StoredFile): HeaderFields {
  if (xetHash === undefined) return {};
  return {
    'X-Xet-Hash': xetHash,
    Link: [
      `<${world.endpoint}/api/models/${id}/xet-read-token/${commit.id}>; rel="xet-auth"`,
      `<https://cas-server.xethub.hf.co/v1/reconstructions/${xetHash}>; rel="xet-reconstruction-info"`,
    ].join(', '),
  };
}

function fileHeaders(commit: Commit, file: StoredFile, tag: string): HeaderFields {
  return {
    'Content-Type': textual.test(file.path) ? 'text/plain; charset=utf-8' : 'application/octet-stream',
    'Content-Disposition': disposition(file.baseName),
    'Content-Security-Policy': 'default-src none; sandbox',
    'X-Repo-Commit': commit.id,
    ETag: `"${tag}"`,
    Vary: 'Origin, Accept',
  };
}

function plain(file: StoredFile) {
  return {
    kind: 'file',
    content: file.content,
    compressible: textual.test(file.path),
    origin: 'hub',
  } as const;
}
