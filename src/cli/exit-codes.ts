import type { ErrorCode } from '../errors.ts';

/** The exit codes are an API: they stand in the README. A number is never used for something else. */
export const exitCodes = {
  unknown: 1,
  usage: 2,
  check: 3,
  'not-found': 4,
  refused: 5,
  network: 6,
  integrity: 7,
  'no-room': 8,
  interrupted: 130,
} as const satisfies Record<ErrorCode, number>;
