import type { IncomingHttpHeaders } from 'node:http';

import { ModelpackError } from '../../errors.ts';
import { brief, quoted } from '../../printable.ts';
import { header } from '../../http/header.ts';
import type { Token } from './settings.ts';

/** The Hub counts the requests of those who say who they are apart, and allows them more. */
export const whenLimited =
  'the Hub allows more requests with a token: set HF_TOKEN; or wait five minutes and run the same command again';

/** What was asked for when the Hub said no. */
export interface Asked {
  readonly repo: string;
  readonly revision?: string | undefined;
  readonly path?: string | undefined;
  readonly token: Token | undefined;
}

/** What the Hub says of a failure: in headers, and for API calls in JSON too. As huggingface_hub reads it (utils/_http.py). */
interface Said {
  readonly status: number;
  readonly code: string | undefined;
  readonly text: string;
  readonly requestId: string | undefined;
}

/** The error of an answer that no retry will change. */
export function refusal(
  status: number,
  headers: IncomingHttpHeaders,
  body: string,
  asked: Asked,
): ModelpackError {
  const said: Said = {
    status,
    code: header(headers, 'x-error-code'),
    text: header(headers, 'x-error-message') ?? textOf(body),
    requestId:
      header(headers, 'x-request-id') ?? header(headers, 'x-amzn-trace-id') ?? header(headers, 'x-amz-cf-id'),
  };
  const { repo, revision, path, token } = asked;
  if (said.code === 'GatedRepo') return gated(said, asked);
  if (said.code === 'RevisionNotFound') {
    return new ModelpackError('not-found', `${repo} has no revision ${quoted(revision ?? 'main')}`, {
      hint: `see its branches and tags: https://huggingface.co/${repo}/tree/main`,
    });
  }
  if (said.code === 'EntryNotFound') {
    return new ModelpackError('not-found', `${repo} has no file ${quoted(path ?? '')}`, {
      hint: `see its files: https://huggingface.co/${repo}/tree/${encodeURIComponent(revision ?? 'main')}`,
    });
  }
  if (status === 401 && /invalid credentials/i.test(said.text)) {
    return new ModelpackError(
      'refused',
      `the Hub does not accept the token from ${token?.from ?? 'nowhere'}`,
      {
        hint: 'make a new one at https://huggingface.co/settings/tokens; public models need none, so unsetting it may do',
      },
    );
  }
  if (said.code === 'RepoNotFound' || status === 401 || status === 404) return missing(asked);
  if (status === 403) return forbidden(said, asked);
  return new ModelpackError('unknown', `the Hub answered ${status} for ${repo}: ${shown(said)}`, {
    hint: 'run again with --verbose to see the request',
  });
}

function gated(said: Said, { repo, token }: Asked): ModelpackError {
  if (token === undefined) {
    return new ModelpackError('refused', `${repo} is gated: its terms have to be accepted first`, {
      hint: `accept them at https://huggingface.co/${repo}, then set HF_TOKEN to a token of that account`,
    });
  }
  return new ModelpackError(
    'refused',
    `${repo} is gated and the token from ${token.from} has no access: ${shown(said)}`,
    {
      hint: `ask for access at https://huggingface.co/${repo}`,
    },
  );
}

function missing({ repo, token }: Asked): ModelpackError {
  const hint =
    token === undefined
      ? 'check the spelling (namespace/name); for a private or gated model set HF_TOKEN'
      : `check the spelling (namespace/name), and that the token from ${token.from} may read it`;
  return new ModelpackError('not-found', `the Hub has no model ${repo}, or it is private`, { hint });
}

function forbidden(said: Said, { repo, token }: Asked): ModelpackError {
  const hint = /disabled/i.test(said.text)
    ? 'its owner or the Hub took it down; choose another model'
    : `check what the token from ${token?.from ?? '(none was sent)'} may read: https://huggingface.co/settings/tokens`;
  return new ModelpackError('refused', `the Hub refuses access to ${repo}: ${shown(said)}`, { hint });
}

function shown({ text, requestId }: Said): string {
  const words = brief(text) || 'no reason given';
  return requestId === undefined ? words : `${words} (request ${brief(requestId)})`;
}

/** JSON `{"error": …}` where there is some, plain text else; HTML says nothing useful. */
function textOf(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null && 'error' in value) {
      return typeof value.error === 'string' ? value.error : JSON.stringify(value.error);
    }
  } catch {
    // Not JSON: text or HTML.
  }
  return body.trimStart().startsWith('<') ? '' : body.trim();
}
