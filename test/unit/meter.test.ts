import { describe, expect, it } from 'vitest';

import { meter } from '../../src/cli/reporter/meter.ts';

const MiB = 1024 ** 2;

function metered(total: number | undefined) {
  let now = 0;
  const progress = meter(() => now);
  progress.take({ type: 'transfer', verb: 'upload', to: 's3://b/k', total, reused: 0, files: 0 });
  return {
    move(seconds: number, count: number): string {
      now += seconds * 1000;
      progress.take({ type: 'bytes', count, from: 'disk' });
      return progress.line();
    },
  };
}

describe('the progress line', () => {
  it('says how far it is, how fast, and what is left', () => {
    expect(metered(40 * MiB).move(2, 10 * MiB)).toBe(
      'uploading s3://b/k  25 %  10 MB of 40 MB  5 MB/s  ETA 6 s',
    );
  });

  it('never passes the end, whatever is sent twice', () => {
    expect(metered(4 * MiB).move(2, 10 * MiB)).toContain('100 %  4 MB of 4 MB');
  });

  it('speaks of no end where there is none to know: a pipe', () => {
    expect(metered(undefined).move(2, 10 * MiB)).toBe('uploading s3://b/k  10 MB  5 MB/s');
  });
});
