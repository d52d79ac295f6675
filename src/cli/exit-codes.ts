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

/** What to do next, where the error itself knows nothing better. */
export const hints = {
  unknown: 'this may be a bug: run again with --verbose and report what it says',
  usage: 'modelpack --help shows what is understood',
  check: 'see what was checked above',
  'not-found': 'check the spelling',
  refused: 'check the token or the credentials',
  network: 'check the network and run the same command again',
  integrity: 'run the same command again; if it stays, what is read is damaged where it comes from',
  'no-room': 'make room and run the same command again',
  interrupted: 'run the same command again',
} as const satisfies Record<ErrorCode, string>;
