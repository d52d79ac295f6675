import pLimit from 'p-limit';

import { MiB } from '../../bytes.ts';
import { ModelpackError } from '../../errors.ts';
import type { Run } from '../../events.ts';
import { discard, readBody, type HttpClient } from '../../http/client.ts';
import { header } from '../../http/header.ts';
import { receiveRange } from '../../http/range.ts';
import { fill, ranges, type Place, type Ranges, type Rest } from '../../http/ranged.ts';
import { locationOf, type Served } from '../../http/redirect.ts';
import { passingFailure } from '../../http/status.ts';
import type { ModelFile } from '../source.ts';
import type { HubApi } from './api.ts';
import { refusal, whenLimited, type Asked } from './refusal.ts';
import type { HubSettings } from './settings.ts';

/** Reads the files of one repository at one commit. */
export interface Download {
  read(file: ModelFile, into: Uint8Array, start: number, run: Run): Promise<void>;
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
  const known = new Map<string, Ranges>();

  function addressOf(file: ModelFile): URL {
    // Each segment is encoded: real repositories have names with #, ?, % and blanks.
    return api.url(`${repo}/resolve/${commit}/${file.path.split('/').map(encodeURIComponent).join('/')}`);
  }

  async function read(file: ModelFile, into: Uint8Array, start: number, run: Run): Promise<void> {
    const attempt = (rest: Rest): Promise<void> => {
      const whole = file.sha256 === undefined && rest.into.length === file.size && file.size <= WHOLE_FILE;
      return whole ? readWhole(file, rest, run) : rangesOf(file).receive(rest, run);
    };
    const options = { what: `${repo}/${file.path}`, size: file.size, run, attempt };
    await limit(() => fill(into, start, options));
  }

  /** A small file in git: the Hub redirects to itself and answers with the content. */
  async function readWhole(file: ModelFile, rest: Rest, run: Run): Promise<void> {
    const answer = await api.send(addressOf(file), 'GET', {}, run);
    const location = locationOf(answer, answer.url);
    if (location !== undefined) {
      // It is not in git after all; by a range, then.
      discard(answer);
      rangesOf(file).servedAt({ url: location, foreign: true });
      return rangesOf(file).receive(rest, run);
    }
    if (answer.status !== 200) throw await refused(answer, file, run);
    if (header(answer.headers, 'content-encoding') !== undefined) {
      // Compressed although plain bytes were asked for; a range is never compressed.
      discard(answer);
      return rangesOf(file).receive(rest, run);
    }
    return receiveRange(answer, { ...rest, url: answer.url });
  }

  function rangesOf(file: ModelFile): Ranges {
    const former = known.get(file.path);
    if (former !== undefined) return former;
    const made = ranges({
      locate: (run) => locate(file, run),
      async send({ url, foreign }, headers, run) {
        if (!foreign) return api.send(url, 'GET', headers, run);
        return { ...(await client.send(url, { headers, signal: run.signal })), url };
      },
      refused: (answer, run) => refused(answer, file, run),
    });
    known.set(file.path, made);
    return made;
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
  function checkLinked({ headers }: Served, file: ModelFile): void {
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

  async function refused(answer: Served, file: ModelFile, run: Run): Promise<Error> {
    const failure = passingFailure(answer.status, answer.headers, answer.url.host, whenLimited);
    const body = await readBody(answer, MiB, answer.url, run.signal);
    const asked: Asked = { repo, revision: commit, path: file.path, token: settings.token };
    return failure ?? refusal(answer.status, answer.headers, body.toString(), asked);
  }

  return { read };
}
