// modelpack/runtime: a bundle in the memory of a Node.js function. It loads nothing of the command line.

export { open, prefetch, type OpenOptions } from './open.ts';
export type { Bundle } from './bundle.ts';
export type { OpenStats } from './stats.ts';
export type { S3Sender } from './s3.ts';
export type { IndexFile, IndexModel } from '../bundle/contents.ts';
export { customCache, type CustomCache } from './transformers.ts';
export { ModelpackError, type ErrorCode } from '../errors.ts';
export { AccessDenied, Changed, Corrupt, NetworkError, NoRoom, NotFound } from './errors.ts';
