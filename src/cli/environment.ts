import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

import { ModelpackError } from '../errors.ts';
import type { Proxies } from '../http/client.ts';
import type { CatalogSettings } from '../source/catalog/catalogs.ts';
import { canonicalEndpoint, type HubSettings, type Token } from '../source/hub/settings.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface HubOptions {
  readonly token?: string | undefined;
  readonly offline?: boolean | undefined;
  readonly jobs: number;
}

/**
 * What the Hugging Face libraries read from the environment, read as they do.
 * https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables
 */
export async function hubSettings(env: Env, options: HubOptions): Promise<HubSettings> {
  const home =
    expand(env, env['HF_HOME']) ??
    join(expand(env, env['XDG_CACHE_HOME']) ?? join(homedir(), '.cache'), 'huggingface');
  const cacheDir = expand(env, env['HF_HUB_CACHE'] ?? env['HUGGINGFACE_HUB_CACHE']) ?? join(home, 'hub');
  const offline =
    options.offline === true || isTrue(env['HF_HUB_OFFLINE']) || isTrue(env['TRANSFORMERS_OFFLINE']);
  return {
    endpoint: endpointOf(env),
    token: await findToken(env, home, options.token),
    cacheDir,
    offline,
    jobs: options.jobs,
  };
}

/** Seconds without a byte after which a connection is given up: huggingface_hub's default and variable. */
export function timeoutSeconds(env: Env): number {
  const seconds = Number(env['HF_HUB_DOWNLOAD_TIMEOUT'] ?? '');
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 10;
}

/**
 * For what is worth keeping between runs and is no cache.
 * https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function stateFolder(env: Env): string {
  const state = env['XDG_STATE_HOME'] ?? '';
  return join(isAbsolute(state) ? state : join(env['HOME'] || homedir(), '.local', 'state'), 'modelpack');
}

export function proxies(env: Env): Proxies {
  return {
    http: env['http_proxy'] ?? env['HTTP_PROXY'],
    https: env['https_proxy'] ?? env['HTTPS_PROXY'],
    none: env['no_proxy'] ?? env['NO_PROXY'],
  };
}

/** The user's catalogs, and the mirrors of all: `MODELPACK_MIRROR_CLIP=https://mirror.example.com/models`. */
export function catalogVariables(env: Env): Pick<CatalogSettings, 'folder' | 'mirrors'> {
  const mirrors = Object.entries(env).flatMap(([name, value]) => {
    const scheme = /^MODELPACK_MIRROR_(\w+)$/.exec(name)?.[1]?.toLowerCase();
    return scheme === undefined || value === undefined || value === ''
      ? []
      : [[scheme, mirrorOf(name, value)] as const];
  });
  return { folder: expand(env, env['MODELPACK_CATALOGS']), mirrors: new Map(mirrors) };
}

function mirrorOf(name: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url !== undefined && isWeb && url.search === '' && url.hash === '') return url;
  throw new ModelpackError('usage', `${name} is no web address of a mirror`, {
    hint: `for example: ${name}=https://mirror.example.com/models`,
  });
}

export function isTrue(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? '');
}

function endpointOf(env: Env): string {
  const text = env['HF_ENDPOINT']?.trim() || canonicalEndpoint;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return text.replace(/\/+$/, '');
  throw new ModelpackError('usage', 'HF_ENDPOINT is no web address', {
    hint: 'for example: HF_ENDPOINT=https://huggingface.co',
  });
}

async function findToken(env: Env, home: string, option: string | undefined): Promise<Token | undefined> {
  if (option !== undefined) return token(option, '--token');
  if (isTrue(env['HF_HUB_DISABLE_IMPLICIT_TOKEN'])) return undefined;
  const path = expand(env, env['HF_TOKEN_PATH']) ?? join(home, 'token');
  return (
    token(env['HF_TOKEN'], 'HF_TOKEN') ??
    token(env['HUGGING_FACE_HUB_TOKEN'], 'HUGGING_FACE_HUB_TOKEN') ??
    token(await readFile(path, 'utf8').catch(() => undefined), path)
  );
}

/** @throws ModelpackError `usage` for what no HTTP header can carry, without repeating it */
function token(text: string | undefined, from: string): Token | undefined {
  const value = text?.trim();
  if (value === undefined || value === '') return undefined;
  if (/^[\x21-\x7e]+$/.test(value)) return { value, from };
  throw new ModelpackError('usage', `the token from ${from} has characters that no token has`, {
    hint: 'copy it again from https://huggingface.co/settings/tokens',
  });
}

/** `~` and `$VARIABLES`, as Python's expanduser and expandvars. */
function expand(env: Env, path: string | undefined): string | undefined {
  if (path === undefined || path === '') return undefined;
  return path
    .replace(/^~(?=\/|$)/, homedir())
    .replace(
      /\$(?:\{(\w+)\}|(\w+))/g,
      (all, braced?: string, bare?: string) => env[braced ?? bare ?? ''] ?? all,
    );
}
