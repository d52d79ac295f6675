// npm run demo: from "does it fit?" to a model read out of S3, with the real command line, on this machine alone.
// The Hub and the S3 are those of the tests, on loopback. Every step is checked; the first that fails ends it.

import { setMaxListeners } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';

import type { HubLogEntry } from '../test/servers/hub/hub.ts';
import { big, tinyBert } from '../test/servers/hub/models.ts';
import { did, failed, note, proved, say, step, Unexpected } from './demo/say.ts';
import { openStage, type Stage } from './demo/stage.ts';

// The AWS SDK warns on Node 20, which modelpack supports; it must be told before it is loaded.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
const { contentsOf, openRemote, sha256Of, tensorsOf } = await import('./demo/remote.ts');

const MiB = 1024 * 1024;
const bucket = 'demo-bucket';
const key = 'models.tar';
const url = `s3://${bucket}/${key}`;

const repos = [
  tinyBert({ id: 'try/bert', size: 12e6 }),
  // As large as bert-base-cased and CLIP ViT-B/32; nothing of them is ever sent.
  big({ id: 'try/bert-sized', size: 436 * MiB, seed: 1 }),
  big({ id: 'try/clip-sized', size: 338 * MiB, seed: 2 }),
];

async function demo(stage: Stage): Promise<void> {
  const { hub, s3 } = stage;
  say(
    'modelpack, from "does it fit?" to a model read out of S3. It all happens on this',
    'machine. Two variables lead to servers that were started for this demo:',
    '',
    `   HF_ENDPOINT=${hub.endpoint}        a Hub with made-up models`,
    `   AWS_ENDPOINT_URL=${s3.endpoint}   an S3 with an empty bucket`,
  );

  step(
    'Does it fit? Ask before you deploy.',
    'A Lambda function has 512 MB of /tmp unless you configure more. Two everyday',
    'models, each of which fits, are too much together.',
  );
  const verdict = await stage.modelpack('size-check', 'try/bert-sized', 'try/clip-sized');
  proved(verdict === 3, 'exit code 3: here a pipeline stops, before anything is deployed');
  const asked = hub.log.reduce((sum, { bytes }) => sum + bytes, 0);
  proved(
    hub.log.every(isMetadata) && asked < 100_000,
    `774 MB judged by ${count(asked)} bytes of metadata; no file was downloaded`,
  );

  step(
    'Fetch: a model becomes one file.',
    'A small model this time, with all that a real one has. Copies of its weights',
    'for other frameworks stay where they are. Every byte is hashed as it passes.',
  );
  const fetched = await stage.modelpack('fetch', 'try/bert', '-o', 'models.tar');
  proved(fetched === 0 && existsSync(stage.path('models.tar')), 'exit code 0: all hashes are right');
  const bundle = await readFile(stage.path('models.tar'));
  const weights = hub.file('try/bert', 'model.safetensors');
  proved(bundle.includes(weights.bytes()), "the weights in it are the Hub's, byte for byte");

  step(
    'What is in it?',
    'The bundle begins with an index: every file with its place, size and sha256.',
    'The id is the sha256 of that index, so it stands for every byte behind it.',
  );
  const inspected = await stage.modelpack('inspect', 'models.tar');
  const { index } = contentsOf(bundle);
  proved(
    inspected === 0 && index.size === bundle.length,
    `the index tells the size of the bundle: ${count(index.size)} bytes`,
  );

  step('Fetch again: the same models have the same id, so there is nothing to do.');
  hub.log.length = 0;
  const before = await stat(stage.path('models.tar'));
  const again = await stage.modelpack('fetch', 'try/bert', '-o', 'models.tar');
  const after = await stat(stage.path('models.tar'));
  proved(
    again === 0 && hub.log.every(isMetadata) && before.ino === after.ino && before.mtimeMs === after.mtimeMs,
    'no file was downloaded, and models.tar was not touched',
  );

  step(
    'And if one bit is wrong on the way?',
    'From now on the Hub sends a bit of the weights wrong, each time it is asked.',
  );
  hub.fault({ file: 'model.safetensors', action: { kind: 'flip', at: 1_000_000 } });
  const damaged = await stage.modelpack('fetch', 'try/bert', '-o', 'damaged.tar');
  hub.clearFaults();
  proved(damaged === 7, 'exit code 7: the hash is not the one that the Hub promised');
  proved(!existsSync(stage.path('damaged.tar')), 'there is no damaged.tar that somebody could deploy');

  step('The bundle is a plain tar: nothing of ours is needed to open it.');
  const listed = await stage.program('tar', '-tvf', 'models.tar');
  if (listed === undefined) note('(This machine has no tar; take any other one to try it.)');
  else proved(listed === 0, 'tar reads it');

  step(
    'Upload to S3.',
    'In parts, several at once, each with a checksum; the object appears whole or',
    'not at all. 16 MiB a part is usual, 5 MiB here so that there are a few.',
  );
  const uploaded = await stage.modelpack('upload', 'models.tar', url, '--part-size', '5MiB');
  const parts = s3.log.filter(({ operation, status }) => operation === 'UploadPart' && status === 200).length;
  proved(uploaded === 0 && parts === 3, 'exit code 0: 3 parts were sent');
  proved(
    s3.object(bucket, key)?.size === bundle.length && s3.uploads().length === 0,
    'they became one object, and no part is left over to be paid for',
  );

  step(
    'Stream it into RAM, as a function on Lambda does: no disk, no /tmp.',
    'With the AWS SDK and nothing else, since the format is open.',
  );
  await readBack(stage, bundle);

  step(
    'Your turn, with the real Hub and the real S3.',
    'Unset both variables, log in to AWS as always (AWS_PROFILE, SSO, a role):',
    '',
    'alias modelpack="node $PWD/bin/modelpack.js"',
    'modelpack size-check google-bert/bert-base-cased openai/clip-vit-base-patch32',
    'modelpack fetch google-bert/bert-base-cased -o models.tar',
    'modelpack upload models.tar s3://YOUR-BUCKET/models.tar',
    '',
    'or fetch with -o s3://YOUR-BUCKET/models.tar, without a disk in between.',
    'The role of your function needs s3:GetObject for that key.',
  );
}

async function readBack({ s3 }: Stage, bundle: Buffer): Promise<void> {
  did(`GET ${url}   bytes 0 to ${count(MiB - 1)}`);
  using remote = await openRemote(s3, bucket, key);
  proved(
    remote.id === s3.object(bucket, key)?.metadata['modelpack-id'],
    `the index, with the id that upload wrote beside it: ${remote.id.slice(0, 12)}`,
  );

  const file = remote.index.models[0]?.files.find(({ path }) => path === 'model.safetensors');
  proved(file !== undefined, 'it says where model.safetensors is');
  const end = file.offset + file.size;
  did(`GET ${url}   bytes ${count(file.offset)} to ${count(end - 1)}`);
  const content = await remote.read(file.offset, end);
  proved(sha256Of(content) === file.sha256, 'model.safetensors, with the sha256 that the index promised');
  const tensors = tensorsOf(content);
  proved(tensors.length > 0, `in memory: ${tensors.length} tensors, such as ${tensors[0]}`);

  did(`GET ${url}`);
  proved((await remote.sha256()) === sha256Of(bundle), 'the whole object has the sha256 of models.tar');
}

function isMetadata({ kind }: HubLogEntry): boolean {
  return kind === 'info' || kind === 'tree';
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}

async function main(): Promise<number> {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort());
  const started = performance.now();
  try {
    await using stage = await openStage(repos, bucket, stop.signal);
    await demo(stage);
  } catch (error) {
    if (stop.signal.aborted) {
      say('', 'interrupted; nothing is left behind');
      return 130;
    }
    failed(error instanceof Unexpected ? `not so: ${error.message}` : String((error as Error).stack));
    say('The demo failed; nothing is left behind.');
    return 1;
  }
  const seconds = Math.ceil((performance.now() - started) / 1000);
  say(`That was all: every step checked, ${seconds} s, nothing left behind.`);
  return 0;
}

process.exitCode = await main();
