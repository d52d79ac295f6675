import { parseArgs } from 'node:util';

import { startHub } from './hub.ts';
import { big, odd, tinyBert } from './models.ts';

/*
 * npx tsx test/servers/hub/main.ts [--port N] [--size BYTES] [--delay MS] [--rate BYTES]
 *
 * Serves acme/tiny-bert, acme/big (weights of --size bytes, default 256 MiB) and acme/odd until SIGTERM or SIGINT,
 * and prints one line of JSON when ready: {"endpoint": …, "cdn": …}. A Hub that is far away waits --delay before each
 * answer, and sends --rate a second on each connection.
 */

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    size: { type: 'string', default: '268435456' },
    delay: { type: 'string', default: '0' },
    rate: { type: 'string', default: 'Infinity' },
  },
});

const hub = await startHub({
  repos: [tinyBert(), big({ size: Number(values.size) }), odd()],
  tokens: { hf_fixture: { name: 'fixture' } },
  port: Number(values.port),
  delayMs: Number(values.delay),
});
const rate = Number(values.rate);
if (rate < Infinity) hub.fault({ action: { kind: 'throttle', bytesPerSecond: rate } });
process.once('SIGTERM', () => void hub.close());
process.once('SIGINT', () => void hub.close());
console.log(JSON.stringify({ endpoint: hub.endpoint, cdn: hub.cdn }));
