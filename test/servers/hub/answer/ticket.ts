import { randomBytes } from 'node:crypto';

import type { HubOptions } from '../options.ts';
import type { StoredFile } from '../store/stored-file.ts';
import type { Ask } from '../wire/ask.ts';
import { xml, type Answer } from './answer.ts';

/** The right to read one file from the CDN, as a signed URL carries it. */
interface Ticket {
  readonly file: StoredFile;
  readonly path: string;
  readonly expiresAt: number;
  /** The only `Range` it is good for. */
  readonly range?: string;
}

export const expired: Answer = xml(403, 'AccessDenied', 'Access denied');

/** Issues signed URLs and recognises them again. */
export class Tickets {
  readonly #seconds: number;
  readonly #bind: boolean;
  readonly #issued = new Map<string, Ticket>();

  constructor({ signedUrlSeconds = 3600, bindSignedRange = true }: HubOptions) {
    this.#seconds = signedUrlSeconds;
    this.#bind = bindSignedRange;
  }

  /** Path and query of a URL that serves the file for a while. */
  issue(file: StoredFile, repoHexId: string, range: string | undefined): string {
    const path =
      file.xetHash === undefined
        ? `/repos/${repoHexId.slice(0, 2)}/${repoHexId.slice(2, 4)}/${repoHexId}/${file.sha256}`
        : `/xet-bridge-us/${repoHexId}/${file.xetHash}`;
    const signature = randomBytes(32).toString('base64url');
    const expiresAt = Date.now() + this.#seconds * 1000;
    this.#issued.set(signature, {
      file,
      path,
      expiresAt,
      ...(this.#bind && range !== undefined && { range }),
    });
    const query = new URLSearchParams({
      ...(file.storage === 'xet' && { 'X-Xet-Cas-Uid': 'public' }),
      'response-content-disposition': disposition(file.baseName),
      Expires: String(Math.ceil(expiresAt / 1000)),
      Policy: Buffer.from(JSON.stringify({ DateLessThan: expiresAt, range })).toString('base64url'),
      Signature: signature,
      'Key-Pair-Id': 'K2L8F4GPSG1IFC',
    });
    return `${path}?${query.toString()}`;
  }

  find(ask: Ask): Ticket | undefined {
    const ticket = this.#issued.get(ask.query.get('Signature') ?? '');
    return ticket?.path === ask.path ? ticket : undefined;
  }
}

export function isValid(ticket: Ticket, ask: Ask): boolean {
  return Date.now() < ticket.expiresAt && (ticket.range === undefined || ticket.range === ask.headers.range);
}

/** RFC 6266; the plain form must stay ASCII. */
export function disposition(name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\]/g, '_');
  return `inline; filename*=UTF-8''${encodeURIComponent(name)}; filename="${plain}";`;
}
