import { truncate } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { SizeReport } from '../../src/budget/report.ts';
import { modelpack, type Outcome } from '../helpers/run.ts';
import { temporaryFolder, type TemporaryFolder } from '../helpers/tmp.ts';

const MB = 1024 * 1024;

const template = `Parameters:
  Memory: {Type: Number, Default: 1024}
Globals: {Function: {MemorySize: !Ref Memory}}
Resources:
  Snap:
    Type: AWS::Serverless::Function
    Properties: {SnapStart: {ApplyOn: PublishedVersions}}
  Large:
    Type: AWS::Serverless::Function
    Properties: {EphemeralStorage: {Size: 1024}, PackageType: Image}
`;

let folder: TemporaryFolder;

beforeAll(async () => {
  folder = await temporaryFolder();
  await folder.write('template.yaml', template);
  await folder.write('small/a.bin', Buffer.alloc(5000));
  await truncate(await folder.write('large/a.bin', ''), 600 * MB); // no bytes of it are on the disk
});

afterAll(() => folder[Symbol.asyncDispose]());

function check(...args: readonly string[]): Promise<Outcome> {
  return modelpack(['size-check', ...args], { cwd: folder.path });
}

async function report(...args: readonly string[]): Promise<SizeReport> {
  return (await check(...args, '--template', 'template.yaml', '--json')).json<SizeReport>();
}

describe('a size check for a template', () => {
  test('has a verdict for each function, and SnapStart decides where it is on', async () => {
    const found = await report('./large');
    expect(found).toMatchObject({ template: 'template.yaml', fits: false, gate: ['snapstart', 'tmp'] });
    expect(found.functions).toMatchObject([
      {
        name: 'Snap',
        line: 5,
        tmp: 512 * MB,
        memory: 1024 * MB,
        snapStart: true,
        packageType: 'Zip',
        gate: ['snapstart'],
        fits: false,
      },
      {
        name: 'Large',
        line: 8,
        tmp: 1024 * MB,
        memory: 1024 * MB,
        snapStart: false,
        packageType: 'Image',
        gate: ['tmp'],
        fits: true,
      },
    ]);
    const names = found.functions!.map(({ budgets }) => budgets.map(({ name }) => name));
    expect(names[0]).toEqual(['tmp', 'tmp-naive', 'tmp-max', 'snapstart', 'memory', 'package']);
    expect(names[1]).toEqual(['tmp', 'tmp-naive', 'tmp-max', 'snapstart', 'memory', 'image']);
    expect(found.budgets.map(({ name, limit }) => [name, limit / MB])).toEqual([
      ['tmp', 1024],
      ['tmp-naive', 1024],
      ['tmp-max', 10_240],
      ['snapstart', 512],
      ['memory', 1024],
      ['package', 250],
      ['image', 10_240],
    ]);
  });

  test('ends with 3 when one function does not hold them, and with 0 for those that do', async () => {
    expect((await check('./large', '--template', 'template.yaml')).code).toBe(3);
    expect((await check('./large', '--template', 'template.yaml', '--function', 'Large')).code).toBe(0);
    expect((await check('./small', '--template', 'template.yaml')).code).toBe(0);
    expect((await check('./small', '--template', 'template.yaml', '--gate', 'memory')).code).toBe(0);
    const less = ['--gate', 'memory', '--parameter', 'Memory=512'];
    expect((await check('./small', '--template', 'template.yaml', ...less)).code).toBe(3);
  });

  test('reads package and image as what the function is', async () => {
    const found = await report('./large', '--gate', 'package');
    expect(found.functions!.map(({ gate, fits }) => [gate, fits])).toEqual([
      [['package'], false],
      [['image'], true],
    ]);
  });

  test('does not advise a larger /tmp where SnapStart forbids it', async () => {
    const codes = async (name: string) =>
      (await report('./large', '--function', name)).advice.map(({ code }) => code);
    expect(await codes('Snap')).not.toContain('raise-ephemeral-storage');
    expect(await codes('Snap')).toContain('stream-into-memory');
  });

  test('shows the functions in every format', async () => {
    const [text, markdown, github] = await Promise.all(
      ['text', 'markdown', 'github'].map((format) =>
        check('./large', '--template', 'template.yaml', '--format', format),
      ),
    );
    expect(text!.stdout).toContain('2 functions of template.yaml, 1 over\n');
    expect(text!.stdout).toMatch(/^✗ Snap .* SnapStart: over by 88 MB$/m);
    expect(text!.stdout).toMatch(/^✓ Large .* \/tmp, unpacked: 424 MB to spare$/m);
    expect(markdown!.stdout).toContain('| ❌ | `Snap` | /tmp 512 MB, memory 1 GB, SnapStart, zip |');
    expect(github!.stdout).toContain(
      '::error file=template.yaml,line=5,col=1,endLine=5,endColumn=1,title=Snap does not hold the models::SnapStart: over by 88 MB',
    );
    expect(github!.stdout.match(/::error/g)).toHaveLength(1);
  });

  test('keeps a narrow terminal', async () => {
    const run = await modelpack(['size-check', './large', '--template', 'template.yaml'], {
      cwd: folder.path,
      env: { COLUMNS: '50' },
    });
    const own = run.stdout.split('\n\n')[1]!;
    expect(own).toBe(
      [
        '2 functions of template.yaml, 1 over',
        '✗ Snap',
        '    /tmp 512 MB, memory 1 GB, SnapStart, zip',
        '    SnapStart: over by 88 MB',
        '✓ Large',
        '    /tmp 1 GB, memory 1 GB, image',
        '    /tmp, unpacked: 424 MB to spare',
      ].join('\n'),
    );
  });

  test.each([
    [['--template', 'none.yaml'], 4, 'there is no none.yaml'],
    [['--template', 'large'], 2, 'large is no file'],
    [['--template', 'large/a.bin'], 2, 'large/a.bin has more than 2 MB: it is no template'],
    [['--template', 'small/a.bin'], 2, 'small/a.bin is no SAM, CloudFormation or serverless template'],
    [
      ['--template', 'template.yaml', '--function', 'X'],
      2,
      'template.yaml has no function X\nhint: it has Snap, Large',
    ],
    [['--function', 'X'], 2, '--function says something of a template, and there is none'],
    [['--parameter', 'A=1'], 2, '--parameter says something of a template, and there is none'],
    [['--template', 'template.yaml', '--parameter', 'A'], 2, 'it has to be written key=value'],
    [
      ['--template', 'template.yaml', '--parameter', 'Memory=9'],
      2,
      'template.yaml:3: Snap has MemorySize "9"\nhint: Lambda takes whole MB from 128 to 10,240',
    ],
  ] as const)('refuses %j', async (args, code, message) => {
    const run = await check('./small', ...args);
    expect(run.code).toBe(code);
    expect(run.stderr).toContain(message);
    expect(run.stdout).toBe('');
  });
});
