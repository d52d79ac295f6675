import { ModelpackError } from '../../errors.ts';
import { literal } from '../glob.ts';
import { brief, shellWord } from '../../printable.ts';

/** A repository of the Hub as the user named it. `revision` is what stood behind `@` or in the web address. */
export interface HubName {
  /** `name` or `namespace/name`, not yet the canonical one. */
  readonly repo: string;
  readonly revision: string | undefined;
}

export interface HubNameOptions {
  /** Base address of the Hub in use (`HF_ENDPOINT`): its web addresses are understood too. */
  readonly endpoint?: string | undefined;
}

/**
 * Reads `name`, `ns/name`, `hf:ns/name`, `hf://ns/name` and `hf://models/ns/name`, each with an optional `@revision`,
 * and addresses pasted from the web site.
 *
 * @throws ModelpackError `usage`
 */
export function parseHubName(text: string, options: HubNameOptions = {}): HubName {
  const given = text.trim().replace(/^hf:(?!\/\/)/, '');
  const address = webAddress(given);
  if (address !== undefined) return fromPage(pageOf(address, options.endpoint));
  if (!given.startsWith('hf://')) return fromText(given);
  return fromText(decoded(given.slice('hf://'.length)).replace(/^models\//, ''));
}

/** Whether a text names a model of the Hub: everything without a scheme does, and addresses of the Hub in use. */
export function isHubName(text: string, endpoint?: string): boolean {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme !== 'https' && scheme !== 'http') return scheme === undefined || scheme === 'hf';
  return URL.canParse(text) && pageOn(new URL(text), endpoint) !== undefined;
}

const example = 'name a model as google-bert/bert-base-cased or google-bert/bert-base-cased@revision';

function fromText(text: string): HubName {
  const at = text.indexOf('@');
  const place = at === -1 ? text : text.slice(0, at);
  const parts = place.split('/');
  refuseOtherKinds(parts);
  if (parts[0] === 'models' && parts.length === 3) {
    const bare = brief(parts.slice(1).join('/'));
    throw new ModelpackError('usage', `"models/" does not belong to the name of a model`, {
      hint: `write ${bare}`,
    });
  }
  const repo = checkedRepo(parts.slice(0, 2).join('/'));
  const revision = at === -1 ? undefined : checkedRevision(text.slice(at + 1));
  if (parts.length > 2) throw fileInside(repo, revision, parts.slice(2));
  return { repo, revision };
}

function webAddress(given: string): URL | undefined {
  const address = /^(?:www\.)?(?:huggingface|hf)\.co\//i.test(given) ? `https://${given}` : given;
  if (!/^https?:\/\//i.test(address)) return undefined;
  if (URL.canParse(address)) return new URL(address);
  throw new ModelpackError('usage', 'not a web address of the Hugging Face Hub', { hint: example });
}

const sites = ['huggingface.co', 'www.huggingface.co', 'hf.co'];

/** What stands behind the Hub's root, of its own site or the one in use. */
function pageOn(address: URL, endpoint: string | undefined): string | undefined {
  const own = endpoint !== undefined && URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const root = own?.pathname.replace(/\/*$/, '/') ?? '/';
  if (address.host === own?.host && address.pathname.startsWith(root))
    return address.pathname.slice(root.length);
  return sites.includes(address.host) ? address.pathname : undefined;
}

/** Query, fragment and credentials are dropped here, so no message shows them. */
function pageOf(address: URL, endpoint: string | undefined): string {
  const page = pageOn(address, endpoint);
  if (page !== undefined) return page;
  throw new ModelpackError('usage', `${brief(address.host)} is not the Hugging Face Hub`, {
    hint: `another Hub is set with HF_ENDPOINT; ${example}`,
  });
}

const pages = ['tree', 'blob', 'resolve', 'raw'];

function fromPage(page: string): HubName {
  const parts = page
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
  if (parts.slice(0, 2).some((part) => part.includes('@'))) return fromText(parts.join('/'));
  refuseOtherKinds(parts);
  // A model without namespace has its pages one level higher: `/gpt2/tree/main`.
  const length = pages.includes(parts[1] ?? '') ? 1 : 2;
  const repo = checkedRepo(parts.slice(0, length).join('/'));
  const [kind, ...rest] = parts.slice(length);
  if (kind !== undefined && !pages.includes(kind)) {
    throw new ModelpackError('usage', `not a page with files of ${repo}: ${brief(parts.join('/'))}`, {
      hint: example,
    });
  }
  // Every revision is one segment, but the references of pull requests are pasted unencoded as well.
  const depth = rest[0] === 'refs' && rest.length >= 3 ? 3 : 1;
  const revision = rest.length === 0 ? undefined : checkedRevision(rest.slice(0, depth).join('/'));
  if (rest.length > depth) throw fileInside(repo, revision, rest.slice(depth), kind === 'tree');
  return { repo, revision };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new ModelpackError('usage', `wrong percent-encoding: ${brief(text)}`, { hint: example, cause });
  }
}

function refuseOtherKinds(parts: readonly string[]): void {
  const [kind = ''] = parts;
  if (parts.length < 2 || !['datasets', 'spaces'].includes(kind)) return;
  throw new ModelpackError('usage', `modelpack ships models, not ${kind}: ${brief(parts.join('/'))}`, {
    hint: example,
  });
}

/** As `huggingface_hub` checks them before it asks, so that a slip is told without a request. */
const repoRules: readonly (readonly [broken: RegExp, why: string])[] = [
  [/^$/, 'it is empty'],
  [/[^\w./-]/, 'it may hold letters, digits, "-", "_" and "." only'],
  [/(?:^|\/)(?:\/|$)/, 'a part of it is empty'],
  [/\/.*\//, 'it has more than two parts'],
  [/[^/]{97}/, 'no part of it may be longer than 96 characters'],
  [/--|\.\./, 'it may not hold "--" or ".."'],
  [/(?:^|\/)[.-]|[.-](?:\/|$)/, 'no part of it may begin or end with "-" or "."'],
  [/\.git$/, 'it may not end in ".git"'],
];

function checkedRepo(repo: string): string {
  const rule = repoRules.find(([broken]) => broken.test(repo));
  if (rule === undefined) return repo;
  throw new ModelpackError('usage', `not the name of a model, ${rule[1]}: "${brief(repo)}"`, {
    hint: example,
  });
}

/** What git allows in the name of a branch or tag. */
function checkedRevision(revision: string): string {
  const broken = /^$|[\p{C}\p{Z}~^:?*[\\]|\.\.|@\{|\/\/|^[/-]|[/.]$/u;
  if (!broken.test(revision)) return revision;
  throw new ModelpackError('usage', `not a revision: "${brief(revision)}"`, {
    hint: 'behind @ stands a branch, a tag, a commit or refs/pr/1',
  });
}

function fileInside(repo: string, revision: string | undefined, inside: readonly string[], folder = false) {
  const path = inside.join('/');
  const source = revision === undefined ? repo : `${repo}@${revision}`;
  return new ModelpackError('usage', `"${brief(path)}" is inside the model ${repo}, not a model`, {
    hint: `${source} --include ${shellWord(literal(path) + (folder ? '/' : ''))}`,
  });
}
