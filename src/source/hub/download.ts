import pLimit from 'p-limit';

import { MiB } from '../../bytes.ts';
import { ModelpackError } from '../../errors.ts';
import type { Run } from '../../events.ts';
import { discard, header, readBody, type HttpClient } from '../../http/client.ts';
import { rangeHeader, receiveRange, type RangeRequest } from '../../http/range.ts';
import { Retryable, retrying } from '../../http/retry.ts';
import { passingFailure } from '../../http/status.ts';
import type { ModelFile } from '../source.ts';
import { locationOf, type HubAnswer, type HubApi } from './api.ts';
import { refusal, type Asked } from './refusal.ts';
import type { HubSettings } from './settings.ts';

/** Reads the files of one repository at one commit. */
export interface Download {
  read(file: ModelFile, into: Uint8Array, start: number, run: Run): Promise<void>;
}

/** Where the bytes of a file are served: the endpoint itself, or a CDN by a signed URL that expires. */
interface Place {
  readonly url: URL;
  readonly foreign: boolean;
}

/** A file in git up to this size is asked for as a whole: one request fewer than by a range. */
const WHOLE_FILE = 8 * MiB;

export function download(
  client: HttpClient,
  api: HubApi,
  settings: HubSettings,
  repo: string,
  commit: string,
): Download {
  const limit = pLimit(settings.jobs);
  const places = new Map<string, Promise<Place>>();

  function addressOf(file: ModelFile): URL {
    // Each segment is encoded: real repositories have names with #, ?, % and blanks.
    return api.url(`${repo}/resolve/${commit}/${file.path.split('/').map(encodeURIComponent).join('/')}`);
  }

  async function read(file: ModelFile, into: Uint8Array, start: number, run: Run): Promise<void> {
    if (into.length === 0) return; // no range of an empty file can be asked for
    let filled = 0;
    let before = 0;
    const attempt = async (): Promise<void> => {
      before = filled;
      const request = {
        size: file.size,
        start: start + filled,
        into: into.subarray(filled),
        signal: run.signal,
        onBytes: (count: number) => {
          filled += count;
          run.report({ type: 'bytes', count, from: 'network' });
        },
      };
      const whole = file.sha256 === undefined && request.into.length === file.size && file.size <= WHOLE_FILE;
      await (whole ? readWhole(file, request, run) : readRange(file, request, run));
    };
    const what = `${repo}/${file.path}`;
    await limit(() => retrying(attempt, { what, run, progressed: () => filled > before }));
  }

  /** A small file in git: the Hub redirects to itself and answers with the content. */
  async function readWhole(file: ModelFile, request: Omit<RangeRequest, 'url'>, run: Run): Promise<void> {
    const answer = await api.send(addressOf(file), 'GET', {}, run);
    const location = locationOf(answer, answer.url);
    if (location !== undefined) {
      // It is not in git after all; by a range, then.
      discard(answer);
      places.set(file.path, Promise.resolve({ url: location, foreign: true }));
      return readRange(file, request, run);
    }
    if (answer.status !== 200) throw await refused(answer, file, run);
    if (header(answer.headers, 'content-encoding') !== undefined) {
      // Compressed although plain bytes were asked for; a range is never compressed.
      discard(answer);
      return readRange(file, request, run);
    }
    return receiveRange(answer, { ...request, url: answer.url });
  }

  async function readRange(file: ModelFile, request: Omit<RangeRequest, 'url'>, run: Run): Promise<void> {
    const known = placeOf(file, run);
    const { url, foreign } = await known;
    const headers = { range: rangeHeader(request.start, request.into.length) };
    const answer: HubAnswer = foreign
      ? { ...(await client.send(url, { headers, signal: run.signal })), url }
      : await api.send(url, 'GET', headers, run);
    if (answer.status === 206 || answer.status === 200) return receiveRange(answer, { ...request, url });
    // Another part may have asked for a new one meanwhile.
    if (places.get(file.path) === known) places.delete(file.path);
    if (!foreign) throw await refused(answer, file, run);
    discard(answer);
    // A signed URL expires after about an hour; the CDN then answers 403, which says nothing of access.
    throw (
      passingFailure(answer.status, answer.headers, url.host) ??
      new Retryable(`${url.host} answered ${answer.status}`, {
        waitSeconds: answer.status === 403 ? 0 : undefined,
      })
    );
  }

  /** Asked for once a file, without a range (the URL would be bound to it), and kept until it is refused. */
  function placeOf(file: ModelFile, run: Run): Promise<Place> {
    const known = places.get(file.path);
    if (known !== undefined) return known;
    const place = locate(file, run);
    places.set(file.path, place);
    place.catch(() => places.delete(file.path));
    return place;
  }

  async function locate(file: ModelFile, run: Run): Promise<Place> {
    const answer = await api.send(addressOf(file), 'HEAD', {}, run);
    checkLinked(answer, file);
    const location = locationOf(answer, answer.url);
    if (location !== undefined) {
      discard(answer);
      return { url: location, foreign: true };
    }
    if (answer.status !== 200) throw await refused(answer, file, run);
    discard(answer);
    return { url: answer.url, foreign: false };
  }

  /** Mirrors strip these headers; where they stand they must agree with the listing. */
  function checkLinked({ headers }: HubAnswer, file: ModelFile): void {
    const size = header(headers, 'x-linked-size');
    const etag = header(headers, 'x-linked-etag')?.replace(/^W\//, '').replaceAll('"', '');
    const sizeDiffers = size !== undefined && Number(size) !== file.size;
    const hashDiffers =
      file.sha256 !== undefined && /^[0-9a-f]{64}$/.test(etag ?? '') && etag !== file.sha256;
    if (!sizeDiffers && !hashDiffers) return;
    throw new ModelpackError(
      'integrity',
      `${repo}/${file.path}: the Hub has another file than its listing says`,
      { hint: 'try again later, or name another revision' },
    );
  }

  async function refused(answer: HubAnswer, file: ModelFile, run: Run): Promise<Error> {
    const failure = passingFailure(answer.status, answer.headers, answer.url.host);
    const body = await readBody(answer, MiB, answer.url, run.signal);
    const asked: Asked = { repo, revision: commit, path: file.path, token: settings.token };
    return failure ?? refusal(answer.status, answer.headers, body.toString(), asked);
  }

  return { read };
}
