import { argumentWithoutEffect } from './argument-without-effect.ts';
import { cacheByCaller } from './cache-by-caller.ts';
import { cacheHalfSet } from './cache-half-set.ts';
import { cacheHardCoded } from './cache-hard-coded.ts';
import { cacheNoVariable } from './cache-no-variable.ts';
import { cacheNotSet } from './cache-not-set.ts';
import { cacheUnwritable } from './cache-unwritable.ts';
import { downloadInHandler } from './download-in-handler.ts';
import { pickleCopies } from './pickle-copies.ts';
import type { Rule } from './rule.ts';
import { s3ThroughDisk } from './s3-through-disk.ts';
import { sharedMemory } from './shared-memory.ts';
import { variableAfterImport } from './variable-after-import.ts';
import { variableRemoved } from './variable-removed.ts';

/** In the order in which the documentation has them. */
export const rules: readonly Rule[] = [
  cacheNoVariable,
  cacheNotSet,
  cacheUnwritable,
  cacheHardCoded,
  cacheHalfSet,
  cacheByCaller,
  argumentWithoutEffect,
  variableAfterImport,
  variableRemoved,
  downloadInHandler,
  s3ThroughDisk,
  pickleCopies,
  sharedMemory,
];
