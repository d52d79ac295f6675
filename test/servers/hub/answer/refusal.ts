import { html, text, type Answer, type HeaderFields } from './answer.ts';

/** What the Hub says when it says no. */
export interface Refusal {
  readonly status: number;
  readonly code?: 'RepoNotFound' | 'RevisionNotFound' | 'EntryNotFound' | 'GatedRepo';
  readonly message: string;
  readonly headers?: HeaderFields;
}

/** Thrown by handlers, answered in one place. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

const challenge = { 'WWW-Authenticate': 'Bearer realm="Authentication required", charset="UTF-8"' };

export const refusals = {
  /** The Hub does not tell a stranger whether a repository exists. */
  unknownToStranger: { status: 401, message: 'Invalid username or password.', headers: challenge },
  unknownRepo: { status: 404, code: 'RepoNotFound', message: 'Repository not found' },
  badToken: { status: 401, message: 'Invalid credentials in Authorization header', headers: challenge },
  disabled: { status: 403, message: 'Access to this resource is disabled.' },
  gatedForStranger: (id: string) => ({
    status: 401,
    code: 'GatedRepo',
    message: `Access to model ${id} is restricted. You must have access to it and be authenticated to access it. Please log in.`,
    headers: challenge,
  }),
  notGranted: (id: string) => ({
    status: 403,
    code: 'GatedRepo',
    message: `Access to model ${id} is restricted and you are not in the authorized list. Visit https://huggingface.co/${id} to ask for access.`,
  }),
  pending: (id: string) => ({
    status: 403,
    code: 'GatedRepo',
    message: `Your request to access model ${id} is awaiting a review from the repo authors.`,
  }),
  rejected: (id: string) => ({
    status: 403,
    code: 'GatedRepo',
    message: `Your request to access model ${id} has been rejected by the repo's authors.`,
  }),
  outOfScope: {
    status: 403,
    message:
      'Please enable access to public gated repositories in your fine-grained token settings to view this repository.',
  },
  unknownRevision: (revision: string) => ({
    status: 404,
    code: 'RevisionNotFound',
    message: `Invalid rev id: ${revision}`,
  }),
  unknownFile: (commit: string) => ({
    status: 404,
    code: 'EntryNotFound',
    message: 'Entry not found',
    headers: { 'X-Repo-Commit': commit },
  }),
  unknownFolder: (path: string, revision: string, commit: string) => ({
    status: 404,
    code: 'EntryNotFound',
    message: `${path} does not exist on "${revision}"`,
    headers: { 'X-Repo-Commit': commit },
  }),
  badRequest: (message: string) => ({ status: 400, message }),
} as const satisfies Record<string, Refusal | ((...words: string[]) => Refusal)>;

/** The API answers JSON, files answer text; the headers say the same in both. */
export function refuse({ status, code, message, headers }: Refusal, form: 'json' | 'text'): Answer {
  const fields = {
    ...(code !== undefined && { 'X-Error-Code': code }),
    'X-Error-Message': message.replace(/[^\x20-\x7e]/g, '?'),
    ...headers,
  };
  if (form === 'json')
    return { status, headers: fields, payload: { kind: 'json', json: { error: message } } };
  return text(status, message, fields);
}

/** What CloudFront says when what is behind it fails. */
export function cloudFrontError(status: number, headers: HeaderFields = {}): Answer {
  return html(
    status,
    `<!DOCTYPE html><html><head><title>ERROR: The request could not be satisfied</title></head><body><h1>${status} ERROR</h1></body></html>`,
    { 'X-Cache': 'Error from cloudfront', ...headers },
  );
}
