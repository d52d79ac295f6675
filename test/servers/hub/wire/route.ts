/** What a request to the hub is about, read from its path alone. */
export type Route =
  | { readonly kind: 'info'; readonly repo: string; readonly revision?: string }
  | { readonly kind: 'tree'; readonly repo: string; readonly revision: string; readonly path: string }
  | {
      readonly kind: 'paths-info' | 'commits' | 'xet-read-token';
      readonly repo: string;
      readonly revision: string;
    }
  | { readonly kind: 'refs' | 'auth-check'; readonly repo: string }
  | { readonly kind: 'whoami' | 'cdn' | 'unknown' }
  | {
      readonly kind: 'resolve' | 'raw' | 'resolve-cache';
      readonly repo: string;
      readonly revision: string;
      readonly path: string;
    };

const apiVerbs = ['revision', 'tree', 'paths-info', 'refs', 'commits', 'auth-check', 'xet-read-token'];
const fileVerbs = ['resolve', 'raw'];

/** `segments` are decoded one by one: a revision is one segment, so a raw `refs/pr/1` is revision `refs`. */
export function routeOf(segments: readonly string[]): Route {
  if (segments[0] !== 'api') return fileRoute(segments);
  if (segments[1] === 'whoami-v2' && segments.length === 2) return { kind: 'whoami' };
  if (segments[1] === 'resolve-cache' && segments[2] === 'models') return cacheRoute(segments.slice(3));
  if (segments[1] === 'models' && segments.length > 2) return apiRoute(segments.slice(2));
  return { kind: 'unknown' };
}

function fileRoute(segments: readonly string[]): Route {
  const { repo, rest } = splitRepo(segments, fileVerbs);
  const [verb, revision, ...path] = rest;
  if ((verb !== 'resolve' && verb !== 'raw') || revision === undefined || path.length === 0) {
    return { kind: 'unknown' };
  }
  return { kind: verb, repo, revision, path: path.join('/') };
}

function cacheRoute([owner, name, revision, ...path]: readonly string[]): Route {
  if (revision === undefined || path.length === 0) return { kind: 'unknown' };
  return { kind: 'resolve-cache', repo: `${owner}/${name}`, revision, path: path.join('/') };
}

function apiRoute(segments: readonly string[]): Route {
  const { repo, rest } = splitRepo(segments, apiVerbs);
  const [verb, revision, ...path] = rest;
  if (verb === undefined) return { kind: 'info', repo };
  if (verb === 'refs' || verb === 'auth-check') return { kind: verb, repo };
  if (revision === undefined) return { kind: 'unknown' };
  if (verb === 'tree') return { kind: 'tree', repo, revision, path: path.join('/') };
  if (path.length > 0) return { kind: 'unknown' };
  if (verb === 'revision') return { kind: 'info', repo, revision };
  if (verb === 'paths-info' || verb === 'commits' || verb === 'xet-read-token')
    return { kind: verb, repo, revision };
  return { kind: 'unknown' };
}

/** The same request for a repository by another name. */
export function withRepo(target: string, from: string, to: string): string {
  const [path = '', ...query] = target.split('?');
  const renamed = `${path}/`.replace(`/${from}/`, `/${to}/`).slice(0, -1);
  return [renamed, ...query].join('?');
}

/** Repositories are `namespace/name`, or the bare name they had before namespaces. */
function splitRepo(segments: readonly string[], verbs: readonly string[]): { repo: string; rest: string[] } {
  const bare = segments.length === 1 || verbs.includes(segments[1] ?? '');
  const length = bare ? 1 : 2;
  return { repo: segments.slice(0, length).join('/'), rest: segments.slice(length) };
}
