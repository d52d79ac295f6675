import type { Content } from '../store/content.ts';

export type HeaderFields = Readonly<Record<string, string | readonly string[]>>;

/** What a handler decides; ranges, compression and faults come after it. */
export interface Answer {
  readonly status: number;
  readonly headers: HeaderFields;
  readonly payload: Payload;
}

export type Payload =
  | { readonly kind: 'none' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'json'; readonly json: unknown }
  /** Ranges apply; `origin` says which form of 416 is used past the end. */
  | {
      readonly kind: 'file';
      readonly content: Content;
      readonly compressible: boolean;
      readonly origin: 'hub' | 'cdn';
    };

export function json(value: unknown, headers: HeaderFields = {}): Answer {
  return { status: 200, headers, payload: { kind: 'json', json: value } };
}

export function text(
  status: number,
  body: string,
  headers: HeaderFields = {},
  type = 'text/plain; charset=utf-8',
): Answer {
  return { status, headers: { 'Content-Type': type, ...headers }, payload: { kind: 'text', text: body } };
}

export function html(status: number, body: string, headers: HeaderFields = {}): Answer {
  return text(status, body, headers, 'text/html; charset=utf-8');
}

export function xml(status: number, code: string, message: string): Answer {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return text(status, body, {}, 'application/xml');
}

/** The body is Express's, and its length the Content-Length that must not be taken for the file's. */
export function redirect(status: number, location: string, headers: HeaderFields = {}): Answer {
  const reason = status === 302 ? 'Found' : 'Temporary Redirect';
  return text(status, `${reason}. Redirecting to ${location}`, { Location: location, ...headers });
}
