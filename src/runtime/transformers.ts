import type { IndexModel } from '../bundle/contents.ts';
import type { Bundle } from './bundle.ts';

/** What transformers.js asks of `env.customCache`: match and put of the Web's Cache. */
export interface CustomCache {
  match(request: string): Promise<Response | undefined>;
  /** Nothing is kept: what the bundle does not hold is not cached. */
  put(request: string, response: Response): Promise<void>;
}

/**
 * The files of a bundle as transformers.js asks for them: by their address at a Hub,
 * `https://huggingface.co/<model>/resolve/<revision>/<path>`, or by their path in the bundle.
 *
 * A model goes by the name that it has at the Hub, and by the one that it has in the bundle. A revision has to be its
 * commit, or the branch or tag that was fetched; `main`, which transformers.js asks for unless told otherwise, may also be
 * the only commit that there is.
 *
 * transformers.js asks for a path in its own folder of models first. That is no key here: it does not tell the
 * revision, and the address is asked for next.
 */
export function customCache(bundle: Bundle): CustomCache {
  return {
    async match(request) {
      const path = pathOf(bundle, request);
      return path === undefined ? undefined : answerOf(bundle, path);
    },
    async put() {},
  };
}

function pathOf(bundle: Bundle, request: string): string | undefined {
  if (bundle.has(request)) return request;
  if (!/^https?:/.test(request) || !URL.canParse(request)) return undefined;
  const [, ...parts] = /^\/(.+?)\/resolve\/([^/]+)\/(.+)$/.exec(new URL(request).pathname) ?? [];
  const [repository, revision, path] = parts.map(decoded);
  if (repository === undefined || revision === undefined) return undefined;
  const named = bundle.models.filter((model) => goesBy(model, repository));
  return modelsAt(named, revision)
    .map(({ name }) => `${name}/${path}`)
    .find((full) => bundle.has(full));
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // no file has a name that cannot be decoded
  }
}

/** Of two commits of a repository neither is the default, unless one was fetched as `main`; as in `modelpack unpack`. */
function modelsAt(models: readonly IndexModel[], asked: string): readonly IndexModel[] {
  const exact = models.filter(({ revision, ref }) => asked === revision || asked === ref);
  if (asked !== 'main' || exact.length > 0) return exact;
  const commits = new Set(models.map(({ revision }) => revision));
  return commits.size === 1 ? models : [];
}

/** A model that was asked for by a path has that path before its name; a name at the Hub has at most one slash. */
function goesBy({ name, source }: IndexModel, asked: string): boolean {
  const atHub = /^hf:([^@]+)/.exec(source)?.[1];
  return asked === atHub || asked === name || (asked.split('/').length > 2 && asked.endsWith(`/${name}`));
}

/**
 * An answer over bytes that are in memory already. A plain `Response` would copy them once, and once more to give them.
 */
function answerOf(bundle: Bundle, path: string): Response {
  const bytes = () => bundle.get(path);
  const headers = { 'content-length': String(bytes().length), 'content-type': 'application/octet-stream' };
  const methods = {
    arrayBuffer: async () => memoryOf(bytes()),
    bytes: async () => bytes(),
    text: async () => bundle.text(path),
    json: async () => bundle.json(path),
    blob: async () => new Blob([bytes()]),
    clone: () => answerOf(bundle, path),
  };
  return Object.defineProperties(Object.assign(new Response(null, { headers }), methods), {
    body: { get: () => ReadableStream.from(bundle.stream(path)) },
  });
}

/** Of a large file its own memory; small ones share theirs, so they are copied. */
function memoryOf({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): ArrayBuffer {
  return byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
}
