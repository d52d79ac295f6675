import type { ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';

import type { Answer, HeaderFields } from './answer/answer.ts';
import { apiAnswer, whoAmI } from './answer/api.ts';
import { cdnAnswer } from './answer/cdn.ts';
import { tooManyRequests } from './answer/quota.ts';
import { refuse, Refused } from './answer/refusal.ts';
import { serveFile } from './answer/resolve.ts';
import type { Due } from './faults.ts';
import type { Ask } from './wire/ask.ts';
import { distort } from './wire/distort.ts';
import { hubHeaders, withoutLost } from './wire/headers.ts';
import type { HubLogEntry } from './wire/log.ts';
import { replyOf } from './wire/reply.ts';
import { closed, send } from './wire/send.ts';
import type { World } from './world.ts';

/** One request from its faults to the last byte of its answer. */
export async function exchange(
  world: World,
  ask: Ask,
  response: ServerResponse,
  due: Due,
  entry: HubLogEntry,
): Promise<void> {
  for (const { run, when = 'before' } of due.all('run')) if (when === 'before') run();
  const wait = (due.one('delay')?.ms ?? 0) + (world.options.delayMs ?? 0);
  if (wait > 0) await setTimeout(wait);
  if (due.all('reset').some(({ after }) => after === undefined)) {
    response.socket?.resetAndDestroy();
    return;
  }
  if (due.all('stall').some(({ after }) => after === undefined)) return closed(response);

  const { common, answer } = draft(world, ask);
  const reply = replyOf(distort(answer, ask, due), ask, due, world.options);
  for (const { run, when } of due.all('run')) if (when === 'after') run();
  const headers = withoutLost({ ...common, ...reply.headers }, world.options.mirror);
  await send(response, { ...reply, headers }, due, entry);
}

/** An answer, and the headers that go with any answer of its origin unless it says otherwise. */
interface Draft {
  readonly common: HeaderFields;
  readonly answer: Answer;
}

function draft(world: World, ask: Ask): Draft {
  if (ask.origin === 'cdn') return { common: {}, answer: cdnAnswer(world, ask) };
  const { headers, exceeded } = world.quota.take(ask);
  return {
    common: { ...hubHeaders(ask, world.options), ...headers },
    answer: exceeded ? tooManyRequests(ask, headers) : orRefusal(world, ask),
  };
}

function orRefusal(world: World, ask: Ask): Answer {
  try {
    return route(world, ask);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return refuse(
      error.refusal,
      ask.path.startsWith('/api/') && ask.route.kind !== 'resolve-cache' ? 'json' : 'text',
    );
  }
}

function route(world: World, ask: Ask): Answer {
  const { route: to } = ask;
  switch (to.kind) {
    case 'whoami':
      return whoAmI(world, ask);
    case 'resolve':
    case 'raw':
    case 'resolve-cache':
      return serveFile(world, ask, to);
    case 'cdn':
    case 'unknown':
      throw new Refused({ status: 404, message: "Sorry, we can't find the page you are looking for." });
    default:
      return apiAnswer(world, ask, to);
  }
}
