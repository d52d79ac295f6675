// npx tsx test/servers/s3/main.ts [--port N] [--dir D]: the server by itself, for other clients and by hand.

import { parseArgs } from 'node:util';

import { startS3 } from './server.ts';

const { values } = parseArgs({ options: { port: { type: 'string' }, dir: { type: 'string' } } });
const server = await startS3({
  keys: { AKIAIOSFODNN7EXAMPLE: 'secret' },
  port: Number(values.port ?? 0),
  ...(values.dir !== undefined && { dir: values.dir }),
});
process.stdout.write(`${server.endpoint}\n`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void server.close());
