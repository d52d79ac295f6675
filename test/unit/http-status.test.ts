import { describe, expect, it } from 'vitest';

import { passingFailure, toldSeconds } from '../../src/http/status.ts';

const now = Date.parse('2026-11-22T12:00:00Z');

describe('toldSeconds', () => {
  it.each([
    // The Hub's own: nothing left, and the seconds until there is.
    [429, { ratelimit: '"resolvers";r=0;t=172' }, 173],
    [429, { ratelimit: '"api";r=0;t=1' }, 2],
    [429, { ratelimit: '"api"; r=0; t=9' }, 10],
    [429, { ratelimit: '"api";t=9;r=0' }, 10],
    [429, { ratelimit: '"api";r=0;t=0' }, 1],
    [429, { ratelimit: ['"api";r=0;t=9', '"other";r=5;t=90'] }, 10],
    // With something left it was another limiter.
    [429, { ratelimit: '"resolvers";r=2998;t=172' }, undefined],
    [429, { ratelimit: '"resolvers";r=05;t=172' }, undefined],
    [429, { ratelimit: '"resolvers";r=2998;t=172', 'retry-after': '7' }, 7],
    [429, { ratelimit: '"resolvers";r=0', 'retry-after': '7' }, 7],
    // The limit that is used up, wherever it stands in the list.
    [429, { ratelimit: '"api";r=499;t=9, "resolvers";r=0;t=172' }, 173],
    // RateLimit is on every answer of the Hub; only a 429 is about it.
    [503, { ratelimit: '"resolvers";r=0;t=172' }, undefined],
    [503, { ratelimit: '"resolvers";r=0;t=172', 'retry-after': '3' }, 3],
    [429, { 'retry-after': '0' }, 0],
    [429, { 'retry-after': ' 120 ' }, 120],
    [429, { 'retry-after': ['120', '5'] as unknown as string }, 120],
    [503, { 'retry-after': 'Sun, 22 Nov 2026 12:00:30 GMT' }, 30],
    [503, { 'retry-after': 'Sunday, 22-Nov-26 12:00:30 GMT' }, 30],
    [503, { 'retry-after': 'Sun, 22 Nov 2026 11:59:00 GMT' }, 0],
    [503, { 'retry-after': '' }, undefined],
    [503, { 'retry-after': 'soon' }, undefined],
    [503, { 'retry-after': '-5' }, undefined],
    [503, { 'retry-after': '1.5' }, undefined],
    [503, { 'retry-after': '99999999999999999999' }, undefined],
    [503, {}, undefined],
  ])('of %i with %j is %j', (status, headers, expected) => {
    expect(toldSeconds(status, headers, now)).toBe(expected);
  });
});

describe('passingFailure', () => {
  it.each([408, 429, 500, 502, 503, 504])('takes %i for something that may pass', (status) => {
    expect(passingFailure(status, {}, 'hub')?.message).toContain(String(status));
  });

  it.each([200, 206, 301, 400, 401, 403, 404, 410, 412, 416, 501, 505])(
    'takes %i for an answer',
    (status) => {
      expect(passingFailure(status, { 'retry-after': '1' }, 'hub')).toBeUndefined();
    },
  );

  it('carries the time that the server asks to wait, and what helps against a rate limit', () => {
    const limited = passingFailure(429, { 'retry-after': '4' }, 'hub', 'say who you are');
    expect(limited?.waitSeconds).toBe(4);
    expect(limited?.hint).toBe('say who you are');
    expect(passingFailure(503, {}, 'hub')?.waitSeconds).toBeUndefined();
  });
});
