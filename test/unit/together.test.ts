import { setTimeout as delay } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import type { Run } from '../../src/events.ts';
import { together } from '../../src/together.ts';

const idle = { signal: new AbortController().signal, report: () => {} };

describe('things done at once', () => {
  it('give their results in their own order', async () => {
    const late = async () => delay(5, 'late');
    expect(await together(idle, [late, async () => 'soon'])).toEqual(['late', 'soon']);
    expect(await together(idle, [])).toEqual([]);
  });

  it('stop when one fails, and have ended when that is thrown', async () => {
    const ended: string[] = [];
    const patient = async ({ signal }: Run) => {
      try {
        await delay(60_000, undefined, { signal });
      } finally {
        await Promise.resolve();
        ended.push('patient');
      }
    };
    const failing = async () => {
      await delay(1);
      throw new Error('this one');
    };
    await expect(together(idle, [patient, failing, patient])).rejects.toThrow('this one');
    expect(ended).toEqual(['patient', 'patient']);
  });

  it('begin nothing after a failure', async () => {
    let begun = 0;
    const work = Array.from({ length: 5 }, () => async () => {
      begun++;
      throw new Error('no');
    });
    await expect(together(idle, work, 1)).rejects.toThrow('no');
    expect(begun).toBe(1);
  });

  it('throw what the run was aborted with', async () => {
    const controller = new AbortController();
    const run = { ...idle, signal: controller.signal };
    const waiting = together(run, [({ signal }) => delay(60_000, undefined, { signal })]);
    controller.abort(new Error('Ctrl-C'));
    await expect(waiting).rejects.toThrow('Ctrl-C');
  });
});
