import type { LimitFunction } from 'p-limit';

import { ModelpackError } from '../../errors.ts';
import type { Run } from '../../events.ts';
import { discard, type HttpClient } from '../../http/client.ts';
import { header } from '../../http/header.ts';
import { fill, ranges, type Place, type Rest } from '../../http/ranged.ts';
import { follow, type Served } from '../../http/redirect.ts';
import { Retryable, retrying } from '../../http/retry.ts';
import { inSequence } from '../../sequence.ts';
import { authorizationOf, isPrivate, plainRefused } from './address.ts';
import { announced, checkSame, ifRange, isPlain, refusal, type Announced } from './answer.ts';
import { inOrder } from './in-order.ts';

export interface RemoteOptions {
  readonly client: HttpClient;
  /** Bounds the requests under way at once. */
  readonly limit: LimitFunction;
  /** For messages. */
  readonly what: string;
  /** A hash of the content is known beforehand: then the way it comes need not be encrypted. */
  readonly hashed: boolean;
  /** In bytes, where it is known; the server is then not asked for it. */
  readonly size?: number | undefined;
  /** Refuse a server without ranges, instead of reading the file in one pass. */
  readonly needsRanges?: boolean | undefined;
}

/** A file on the web, of known size, that can be read at any place; it is the same file until the last byte. */
export interface Remote {
  /** In bytes. */
  readonly size: number;
  /** @throws ModelpackError `network` when it gave up, `integrity` when the file was replaced or has another size */
  read(into: Uint8Array, start: number, run: Run): Promise<void>;
}

/** The server sends the whole file where a range of it was asked for. */
class Unranged extends Error {}

type Ask = (method: 'GET' | 'HEAD', headers: Readonly<Record<string, string>>) => Promise<Served>;

/**
 * Opens a file of a server that has ranges, or else is read in order, in as few passes as that takes.
 *
 * @throws ModelpackError `not-found`, `refused`, `network`; `usage` when the server does not say how large the file is
 */
export async function openRemote(url: URL, options: RemoteOptions, run: Run): Promise<Remote> {
  const { client, limit, what, hashed, needsRanges = false } = options;
  if (!isPrivate(url) && !hashed) throw plainRefused(url);
  let first: Announced | undefined;

  function askAt(place: URL, current: Run): Ask {
    const authorization = place.origin === url.origin ? authorizationOf(url) : undefined;
    const allowsPlain = (to: URL): boolean => hashed || isPrivate(to);
    const { signal } = current;
    return (method, headers) =>
      follow(client, place, { method, headers, signal, allowsPlain, authorization });
  }

  /** What is said of the file at first holds until the end. */
  function check(answer: Served): Announced {
    try {
      const now = announced(answer, what);
      first ??= now;
      checkSame(first, now, what);
      return now;
    } catch (error) {
      discard(answer);
      throw error;
    }
  }

  async function locate(current: Run): Promise<Place> {
    const answer = await look(askAt(url, current));
    check(answer);
    return { url: answer.url, foreign: answer.url.href !== url.href };
  }

  const parts = ranges({
    locate,
    send: (place, headers, current) =>
      askAt(place.url, current)('GET', { ...headers, ...(first && ifRange(first)) }),
    accept(answer, rest) {
      check(answer);
      if (answer.status === 206 || rest.into.length === rest.size) return;
      discard(answer);
      throw new Unranged();
    },
    refused: async (answer) => {
      discard(answer);
      return refusal(answer, what);
    },
  });

  if (options.size === undefined) {
    parts.servedAt(await limit(() => retrying(() => locate(run), { what, run })));
  }
  const size = options.size ?? first?.size;
  if (size === undefined) throw sizeless(url, what);

  async function openWhole(current: Run): Promise<Served> {
    const answer = await askAt(url, current)('GET', {});
    const { size: now = size } = check(answer);
    if (now === size && isPlain(answer)) return answer;
    discard(answer);
    if (now === size) throw new Retryable(`${url.host} sent something else than plain bytes`);
    throw new ModelpackError('integrity', `${what} has ${now} bytes, ${size} were announced`);
  }

  const stream = inSequence(what, (current) => inOrder(what, () => openWhole(current), current));
  let ranged = first?.ranged !== false;

  async function read(into: Uint8Array, start: number, current: Run): Promise<void> {
    if (ranged) {
      const attempt = (rest: Rest): Promise<void> => parts.receive(rest, current);
      try {
        return await limit(() => fill(into, start, { what, size: size!, run: current, attempt }));
      } catch (error) {
        if (!(error instanceof Unranged)) throw error;
        ranged = false;
      }
    }
    if (needsRanges) throw rangeless(url, what);
    await stream.read(into, start, current);
  }

  return { size, read };
}

/** By HEAD. Where that is refused (an address may be signed for GET alone) or tells no size, by the first byte. */
async function look(ask: Ask): Promise<Served> {
  const answer = await ask('HEAD', {});
  discard(answer);
  const tellsSize = answer.status === 200 && Number(header(answer.headers, 'content-length')) > 0;
  if (tellsSize || [401, 404, 410, 429].includes(answer.status)) return answer;
  const again = await ask('GET', { range: 'bytes=0-0' });
  discard(again);
  return again.status === 416 ? answer : again; // an empty file has no first byte
}

function sizeless(url: URL, what: string): ModelpackError {
  return new ModelpackError('usage', `${url.host} does not say how large ${what} is`, {
    hint: 'download it, and name the file: ./model.bin',
  });
}

function rangeless(url: URL, what: string): ModelpackError {
  return new ModelpackError(
    'usage',
    `${url.host} serves no ranges, which ${what} needs: it is inside a zip`,
    {
      hint: 'use a server that answers to Range, such as nginx or S3',
    },
  );
}
