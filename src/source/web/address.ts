import { ModelpackError } from '../../errors.ts';
import { brief, quoted } from '../../printable.ts';

/** A file on the web, as the user named it. */
export interface WebAddress {
  /** Without the fragment. May hold what must not be shown: a password, or a signature in its query. */
  readonly url: URL;
  /** What stood behind `#sha256=`, hex in small letters. */
  readonly sha256: string | undefined;
  /** The last segment of the path. */
  readonly name: string;
}

const example = 'name a file as https://host/model.bin#sha256=<64 hex digits>';

export function isWebAddress(reference: string): boolean {
  return /^https?:/i.test(reference);
}

/**
 * Reads `https://host/path/model.bin`, with an optional `#sha256=<hex>`.
 *
 * @throws ModelpackError `usage`
 */
export function parseWebAddress(reference: string): WebAddress {
  const url = URL.canParse(reference) ? new URL(reference) : undefined;
  if (url === undefined || url.hostname === '')
    throw new ModelpackError('usage', 'not a web address', { hint: example });
  const sha256 = hashIn(url);
  url.hash = '';
  if (!isPrivate(url) && sha256 === undefined) throw plainRefused(url);
  return { url, sha256, name: nameIn(url) };
}

/** As it may be shown and kept: without credentials, query and fragment. */
export function publicAddress(url: URL): string {
  return url.origin + url.pathname;
}

/** A source as it may be shown; where a query was left out, a mark says so. */
export function shownSource(text: string): string {
  const [, name = '', address = ''] = /^([^=:]+=)?(https?:.*)$/is.exec(text) ?? [];
  if (!URL.canParse(address)) return text;
  const url = new URL(address);
  return name + publicAddress(url) + (url.search === '' ? '' : '?…') + url.hash;
}

/** Whether nobody on the way can change what comes from there: it is encrypted, or never leaves this machine. */
export function isPrivate(url: URL): boolean {
  return url.protocol === 'https:' || isLoopback(url.hostname);
}

/** The header that a user and a password in the address stand for. */
export function authorizationOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

export function plainRefused(url: URL): ModelpackError {
  return new ModelpackError('usage', `${publicAddress(url)} is neither encrypted nor has a known hash`, {
    hint: 'use https://, or say what it must be: #sha256=<64 hex digits>',
  });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}

function hashIn(url: URL): string | undefined {
  if (url.hash === '') return undefined;
  const hash = /^#sha256=([0-9a-f]{64})$/i.exec(url.hash)?.[1];
  if (hash !== undefined) return hash.toLowerCase();
  throw new ModelpackError('usage', `${quoted(url.hash)} is no #sha256= with 64 hex digits`, {
    hint: 'get it with: sha256sum model.bin',
  });
}

function nameIn(url: URL): string {
  const segment = url.pathname.split('/').at(-1) ?? '';
  const name = decoded(segment);
  if (name !== '') return name;
  throw new ModelpackError('usage', `${brief(publicAddress(url))} names no file`, { hint: example });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a % that is one
  }
}
