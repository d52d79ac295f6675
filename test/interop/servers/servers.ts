import { embedded } from './embedded.ts';
import { minio } from './minio.ts';
import { moto } from './moto.ts';
import { radosgw } from './radosgw.ts';
import type { ServerUnderTest } from './server.ts';
import { versitygw } from './versitygw.ts';

/** Every server that the contracts are tried on. */
export const servers = { embedded, moto, radosgw, versitygw, minio } as const satisfies Readonly<
  Record<string, ServerUnderTest>
>;
