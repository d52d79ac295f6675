import type { ChunkVerifier } from './chunk-signature.ts';
import { S3Error } from './errors.ts';
import { cutAt } from './target.ts';

// The framing that S3 puts inside the HTTP body, so that a checksum or signature can follow the bytes:
//
//   10000;chunk-signature=…␍␊    size in hex, signature when signed
//   <65536 bytes>␍␊
//   0␍␊                          the empty chunk that ends the bytes
//   x-amz-checksum-crc32:…␍␊     trailer lines, when announced
//   ␍␊

const MIN_CHUNK_BYTES = 8192;
const MAX_LINE_BYTES = 4096;
const LINE_FEED = 10;
const MAX_TRAILERS = 8;
const TRAILER_SIGNATURE = 'x-amz-trailer-signature';

type State = 'size' | 'bytes' | 'end of bytes' | 'trailer';

/** Takes the framed body as it arrives and gives back the bytes inside. */
export class AwsChunkedDecoder {
  readonly trailers = new Map<string, string>();
  readonly #verifier: ChunkVerifier | undefined;
  readonly #trailerLines: string[] = [];
  #state: State = 'size';
  #line = '';
  #left = 0;
  #lastSize = Number.POSITIVE_INFINITY;
  #signature: string | undefined;

  constructor(verifier?: ChunkVerifier) {
    this.#verifier = verifier;
  }

  *decode(input: Buffer): Generator<Buffer> {
    let at = 0;
    while (at < input.length) {
      if (this.#state === 'bytes') {
        const bytes = input.subarray(at, at + this.#left);
        at += bytes.length;
        this.#take(bytes);
        yield bytes;
        continue;
      }
      const lineEnd = input.indexOf(LINE_FEED, at);
      const stop = lineEnd < 0 ? input.length : lineEnd + 1;
      this.#line += input.toString('latin1', at, stop);
      at = stop;
      if (this.#line.length > MAX_LINE_BYTES) throw badFraming('a line is too long');
      if (lineEnd >= 0) this.#endLine();
    }
  }

  /** Call after the last input; throws when the body stopped early or its trailer is not signed as it should be. */
  end(): void {
    if (this.#state !== 'trailer' || this.#line !== '') throw new S3Error('IncompleteBody');
    if (this.#verifier && this.#trailerLines.length > 0) {
      this.#verifier.endTrailer(this.#trailerLines, this.trailers.get(TRAILER_SIGNATURE));
    }
    this.trailers.delete(TRAILER_SIGNATURE);
  }

  #take(bytes: Buffer): void {
    this.#verifier?.update(bytes);
    this.#left -= bytes.length;
    if (this.#left > 0) return;
    this.#verifier?.endChunk(this.#signature);
    this.#state = 'end of bytes';
  }

  #endLine(): void {
    const line = this.#line.replace(/\r?\n$/, '');
    this.#line = '';
    switch (this.#state) {
      case 'size':
        return this.#beginChunk(line);
      case 'end of bytes':
        if (line !== '') throw badFraming('a chunk is longer than its size');
        this.#state = 'size';
        return;
      case 'trailer':
        // Clients disagree on how many empty lines surround the trailer and its signature.
        return line === '' ? undefined : this.#addTrailer(line);
      case 'bytes':
    }
  }

  #beginChunk(line: string): void {
    const { size, signature } =
      /^(?<size>[0-9a-f]{1,12})(?:;chunk-signature=(?<signature>[0-9a-f]{64}))?$/i.exec(line)?.groups ?? {};
    if (size === undefined) throw badFraming(`not a chunk size: ${JSON.stringify(line.slice(0, 80))}`);
    this.#left = Number.parseInt(size, 16);
    this.#signature = signature;
    if (this.#left === 0) {
      this.#verifier?.endChunk(signature);
      this.#state = 'trailer';
      return;
    }
    if (this.#lastSize < MIN_CHUNK_BYTES) throw new S3Error('InvalidChunkSizeError');
    this.#lastSize = this.#left;
    this.#state = 'bytes';
  }

  #addTrailer(line: string): void {
    const [rawName, rawValue] = cutAt(line, ':');
    const name = rawName.toLowerCase();
    const value = rawValue.trim();
    if (value === '' || this.trailers.has(name)) throw new S3Error('MalformedTrailerError');
    if (this.trailers.size === MAX_TRAILERS) throw new S3Error('MalformedTrailerError');
    this.trailers.set(name, value);
    if (name !== TRAILER_SIGNATURE) this.#trailerLines.push(`${name}:${value}`);
  }
}

function badFraming(problem: string): S3Error {
  return new S3Error('InvalidRequest', { message: `The aws-chunked body is malformed: ${problem}` });
}
