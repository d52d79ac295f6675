import { setImmediate as turn } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { pace } from '../../src/s3/pace.ts';

class SlowDown extends Error {
  override readonly name = 'SlowDown';
}

interface Request {
  succeed(): void;
  fail(error: Error): void;
}

/** Requests that end when the test says so. */
function stand(jobs: number) {
  const inTurn = pace(jobs);
  const underWay: Request[] = [];
  const ended: Promise<unknown>[] = [];
  return {
    ask(count: number): void {
      for (let i = 0; i < count; i++) {
        const request = () =>
          new Promise<void>((resolve, reject) => underWay.push({ succeed: resolve, fail: reject }));
        ended.push(inTurn(request).catch(() => {}));
      }
    },
    /** How many are under way, once those that may begin have begun. */
    async active(): Promise<number> {
      for (let i = 0; i < 5; i++) await turn();
      return underWay.length;
    },
    async succeed(count: number): Promise<void> {
      for (let i = 0; i < count; i++) {
        underWay.shift()!.succeed();
        await turn();
      }
    },
    async fail(count: number, error: Error = new SlowDown()): Promise<void> {
      for (const request of underWay.splice(0, count)) request.fail(error);
      await turn();
    },
  };
}

describe('pace', () => {
  it('lets as many requests run at once as there are jobs', async () => {
    const { ask, active } = stand(8);
    ask(20);
    expect(await active()).toBe(8);
  });

  it('halves them when S3 asks to slow down, once for all that were under way together', async () => {
    const { ask, active, fail } = stand(8);
    ask(40);
    await active();
    await fail(8);
    expect(await active()).toBe(4);
    await fail(4);
    expect(await active()).toBe(2);
  });

  it('never stops altogether', async () => {
    const { ask, active, fail } = stand(3);
    ask(40);
    for (let i = 0; i < 5; i++) {
      const now = await active();
      expect(now).toBeGreaterThan(0);
      await fail(now);
    }
    expect(await active()).toBe(1);
  });

  it('comes back to all of them, one more whenever as many as are allowed have succeeded', async () => {
    const { ask, active, fail, succeed } = stand(4);
    ask(100);
    await active();
    await fail(4);
    const seen: number[] = [];
    for (let i = 0; i < 12; i++) {
      seen.push(await active());
      await succeed(1);
    }
    expect(seen).toEqual([2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4]);
  });

  it('counts successes anew after each slow-down', async () => {
    const { ask, active, fail, succeed } = stand(8);
    ask(100);
    await active();
    await fail(8);
    await active();
    await succeed(3);
    await active();
    await fail(1);
    expect(await active()).toBe(3); // of four that were under way
    await succeed(2);
    expect(await active()).toBe(3);
  });

  it.each([new Error('ECONNRESET'), Object.assign(new Error('500'), { name: 'InternalError' })])(
    'does not slow down for %s',
    async (error) => {
      const { ask, active, fail } = stand(4);
      ask(40);
      await active();
      await fail(4, error);
      expect(await active()).toBe(4);
    },
  );
});
