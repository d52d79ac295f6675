import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

import type { Call } from './call.ts';
import { S3Error } from './errors.ts';
import { chooseFault, type FaultHook, gone, InjectedError, type S3Fault } from './fault.ts';
import { enter, type S3LogEntry } from './log.ts';
import { readPayload } from './payload.ts';
import { type ErrorAnswer, errorReply, type Reply, textReply } from './reply.ts';
import { RequestBody } from './request-body.ts';
import { parseRequest } from './request.ts';
import { ROUTES } from './routes.ts';
import { rulesFor, type S3Features } from './rules.ts';
import { send } from './send.ts';
import { type Authority, verifySignature } from './signature.ts';
import type { Store } from './store.ts';

/** What all requests of a server share. */
export interface Context extends Authority {
  readonly store: Store;
  readonly features: S3Features;
  readonly minPartSize: number;
  readonly log: S3LogEntry[];
  fault: FaultHook | undefined;
}

/** One HTTP request and its answer. Never rejects. */
export async function exchange(
  context: Context,
  incoming: IncomingMessage,
  response: ServerResponse,
  expectsContinue: boolean,
): Promise<void> {
  const request = parseRequest(incoming);
  const entry = enter(context.log, request, context.now());
  const body = new RequestBody(incoming, response, expectsContinue);
  const requestId = randomBytes(8).toString('hex').toUpperCase();
  response.setHeader('x-amz-request-id', requestId);
  // The clock of the server, so that a client can correct its own.
  response.setHeader('date', new Date(entry.at).toUTCString());
  const signal = whenLeft(response);
  let fault: S3Fault = {};
  let reply: Reply;
  try {
    fault = await chooseFault(context.fault, request, signal);
    if (fault.reset) {
      reset(incoming.socket);
      return;
    }
    if (fault.hang) {
      await body.drain();
      await gone(signal);
    }
    reply = await respond(context, { request, body, signal, fault });
  } catch (error) {
    if (signal.aborted || incoming.socket.destroyed) return;
    reply = errorReply(toAnswer(error), request.path, requestId);
  } finally {
    entry.bytesIn = body.bytes;
  }
  // The client may send the body after all, or not: only a new connection makes sure what its next bytes mean.
  if (body.awaited) response.shouldKeepAlive = false;
  await send(reply, { response, entry, fault }).catch(() => response.destroy());
  // Node forgets an untouched body by itself, but one that was read in part would block the connection.
  incoming.resume();
}

type Arrived = Pick<Call, 'request' | 'body' | 'signal'> & { readonly fault: S3Fault };

async function respond(context: Context, { request, body, signal, fault }: Arrived): Promise<Reply> {
  if (fault.status !== undefined) {
    const { status, code = 'InternalError', message = 'A fault of this test server', page } = fault;
    if (page !== undefined) return { ...textReply(page, { 'content-type': 'text/html' }), status };
    throw new InjectedError({ status, code, message });
  }
  if (request.problem) throw request.problem;
  const { payload: declared, seed } = verifySignature(request, context);
  const payload = readPayload(declared);
  if (fault.errorInside200) {
    await body.drain();
    throw new InjectedError({ ...fault.errorInside200, status: 200 });
  }
  const { store, region, minPartSize } = context;
  const rules = rulesFor(context.features, fault);
  const now = () => context.now();
  return ROUTES[request.operation]({
    request,
    body,
    payload,
    seed,
    store,
    rules,
    region,
    minPartSize,
    signal,
    now,
  });
}

function toAnswer(error: unknown): ErrorAnswer {
  if (error instanceof S3Error) return error;
  if (error instanceof InjectedError) return error.answer;
  // A bug here, a full disk, or a fault hook that threw: the test that meets it should see what happened.
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new S3Error('InternalError', { message });
}

function reset(socket: Socket): void {
  // Node cannot send RST below TLS; the client sees the connection end all the same.
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}

function whenLeft(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => controller.abort(new Error('the client has left')));
  return controller.signal;
}
