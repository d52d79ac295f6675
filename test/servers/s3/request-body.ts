import type { IncomingMessage, ServerResponse } from 'node:http';

/** The body of a request. Its first read lets a client go on that asked with Expect: 100-continue. */
export class RequestBody {
  readonly #incoming: IncomingMessage;
  readonly #response: ServerResponse;
  #awaited: boolean;
  #bytes = 0;

  constructor(incoming: IncomingMessage, response: ServerResponse, expectsContinue: boolean) {
    this.#incoming = incoming;
    this.#response = response;
    this.#awaited = expectsContinue;
  }

  /** True while the client waits for 100 Continue, and may send the body or drop it after a final answer. */
  get awaited(): boolean {
    return this.#awaited;
  }

  /** Bytes read so far, framing included. */
  get bytes(): number {
    return this.#bytes;
  }

  async *chunks(): AsyncGenerator<Buffer> {
    this.#continue();
    // An early end must not destroy the socket: the error is still to be answered on it.
    for await (const chunk of this.#incoming.iterator({ destroyOnReturn: false })) {
      this.#bytes += (chunk as Buffer).length;
      yield chunk as Buffer;
    }
  }

  /** Takes the rest and forgets it. */
  async drain(): Promise<void> {
    for await (const chunk of this.chunks()) void chunk;
  }

  #continue(): void {
    if (this.#awaited) this.#response.writeContinue();
    this.#awaited = false;
  }
}
