import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { FunctionSettings } from '../../src/budget/check.ts';
import { ModelpackError } from '../../src/errors.ts';
import { readConfiguration, type ConfigurationOptions } from '../../src/template/configuration.ts';

const MB = 1024 ** 2;

/** A template of one function `F` with these lines among its properties, the first of them in line 12. */
function sam(properties: string, more = ''): string {
  return `Parameters:
  Size: {Type: Number, Default: 1024}
  Bare: {Type: Number}
  Stored: {Type: "AWS::SSM::Parameter::Value<String>", Default: /size}
Globals: {Function: {Timeout: 60}}
${more}
Resources:
  Bucket: {Type: "AWS::S3::Bucket"}
  F:
    Type: AWS::Serverless::Function
    Properties:
      ${properties.trim().replaceAll('\n', '\n      ')}
`;
}

function read(text: string, options: ConfigurationOptions = {}): readonly FunctionSettings[] {
  return readConfiguration('t.yaml', text, options);
}

function one(text: string, options: ConfigurationOptions = {}) {
  const [first, ...more] = read(text, options);
  expect(more).toEqual([]);
  const { tmp, memory, ...rest } = first!;
  return { ...rest, tmp: tmp / MB, memory: memory / MB };
}

function failure(text: string, options: ConfigurationOptions = {}): string {
  try {
    read(text, options);
  } catch (error) {
    expect(error).toBeInstanceOf(ModelpackError);
    expect((error as ModelpackError).code).toBe('usage');
    return `${(error as Error).message} | ${(error as ModelpackError).hint}`;
  }
  throw new Error('it was read');
}

function outcomeOf(text: string): string {
  try {
    for (const { memory, tmp } of read(text)) expect([memory % MB, tmp % MB]).toEqual([0, 0]);
    return 'read';
  } catch (error) {
    return error instanceof ModelpackError ? error.code : String(error);
  }
}

const given = (...pairs: [string, string][]) => ({ parameters: new Map(pairs) });

describe('a function', () => {
  test('that says nothing has what Lambda gives', () => {
    expect(one(sam('Handler: a.b'))).toEqual({
      name: 'F',
      line: 9,
      tmp: 512,
      memory: 128,
      snapStart: false,
      packageType: 'Zip',
    });
  });

  test('has what it says, in YAML and in JSON', () => {
    const properties = {
      EphemeralStorage: { Size: 2048 },
      MemorySize: '3008',
      PackageType: 'Image',
      SnapStart: { ApplyOn: 'None' },
    };
    const json = JSON.stringify(
      { Resources: { F: { Type: 'AWS::Lambda::Function', Properties: properties } } },
      null,
      '\t',
    );
    const expected = { tmp: 2048, memory: 3008, snapStart: false, packageType: 'Image' };
    expect(one(json)).toMatchObject({ ...expected, line: 3 });
    const yaml =
      'EphemeralStorage: {Size: 2048}\nMemorySize: 3008\nPackageType: Image\nSnapStart: {ApplyOn: None}';
    expect(one(sam(yaml))).toMatchObject(expected);
  });

  test.each([
    ['ImageUri: x', 'Image'],
    ['Code: {ImageUri: x}', 'Image'],
    ['Code: {S3Bucket: x}', 'Zip'],
    ['PackageType: Zip', 'Zip'],
  ])('with %s is of type %s', (properties, packageType) => {
    expect(one(sam(properties))).toMatchObject({ packageType });
  });

  test('has the globals where its own properties say nothing', () => {
    const globals =
      'Globals: {Function: {MemorySize: 4096, EphemeralStorage: {Size: 700}, SnapStart: {ApplyOn: PublishedVersions}}}';
    const text = sam('EphemeralStorage: {Size: 512}').replace(/^Globals.*$/m, globals);
    expect(one(text)).toMatchObject({ tmp: 512, memory: 4096, snapStart: true });
    const plain = text.replace('AWS::Serverless::Function', 'AWS::Lambda::Function');
    expect(one(plain)).toMatchObject({ memory: 128, snapStart: false });
  });

  test('has what the command line says, whatever the template does', () => {
    expect(one(sam('MemorySize: !ImportValue x'), { memory: 512 * MB })).toMatchObject({ memory: 512 });
    expect(one(sam('EphemeralStorage: {Size: 9}'), { tmp: 600 * MB })).toMatchObject({ tmp: 600 });
  });

  test('may be one of several', () => {
    const text = `${sam('MemorySize: 256')}  G:\n    Type: AWS::Lambda::Function\n    Properties: {MemorySize: 512}\n`;
    expect(read(text).map(({ name }) => name)).toEqual(['F', 'G']);
    expect(one(text, { functions: ['G'] })).toMatchObject({ name: 'G', memory: 512 });
    expect(failure(text, { functions: ['H'] })).toBe('t.yaml has no function H | it has F, G');
  });

  test('may say it by anchors and merges', () => {
    const text = sam('<<: [*none, *big]', 'X: {a: &none {}, b: &big {MemorySize: 2048}}');
    expect(one(text)).toMatchObject({ memory: 2048 });
  });
});

describe('a loop', () => {
  const loops = (collection: string) => `Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Parameters: {Names: {Type: CommaDelimitedList, Default: "One, Two"}}
Mappings: {Memory: {One: {Size: 256}, Two: {Size: 512}}}
Resources:
  Fn::ForEach::Functions:
    - Name
    - ${collection}
    - Model\${Name}:
        Type: AWS::Serverless::Function
        Properties: {MemorySize: !FindInMap [Memory, !Ref Name, Size]}
`;

  test.each(['[One, Two]', '!Ref Names', '{Ref: Names}'])(
    'over %s makes a function of each',
    (collection) => {
      expect(read(loops(collection)).map(({ name, memory }) => [name, memory / MB])).toEqual([
        ['ModelOne', 256],
        ['ModelTwo', 512],
      ]);
      expect(one(loops(collection), { functions: ['ModelTwo'] })).toMatchObject({ line: 8, memory: 512 });
    },
  );

  test('over what only the deployment knows makes one that stands for them', () => {
    expect(failure(loops('!GetAtt A.B'))).toContain('t.yaml:10: Model* has a MemorySize that is not known');
    expect(one(loops('!GetAtt A.B'), { memory: 256 * MB })).toMatchObject({ name: 'Model*', memory: 256 });
  });

  test('in loops ends', () => {
    const names = `[${Array.from({ length: 40 }, (_, at) => `N${at}`).join()}]`;
    const function_ = 'F${A}${B}${C}: {Type: "AWS::Lambda::Function"}';
    const nested = ['C', 'B', 'A'].reduce(
      (body, name) => `"Fn::ForEach::${name}": [${name}, ${names}, {${body}}]`,
      `"${function_.replace(': {', '": {')}`,
    );
    expect(read(`Resources: {${nested}}`)).toHaveLength(500);
  });
});

describe('a value', () => {
  const mappings = 'Mappings: {Sizes: {small: {Tmp: 600}, "1024": {Tmp: 700}}}';
  const conditions = `Conditions:
  Big: !Equals [!Ref Size, "4096"]
  Small: {"Fn::Not": [{Condition: Big}]}
  Both: !And [!Condition Small, !Equals [a, a]]
  Either: !Or [!Condition Big, !Equals [a, b]]
  Open: !Equals [!Ref Bare, 1]
  Loop: !Not [!Condition Loop]`;

  test.each([
    ['!Ref Size', 1024],
    ['{Ref: Size}', 1024],
    ['!Sub "${Size}"', 1024],
    ['!Sub ["${A}", {A: !Ref Size}]', 1024],
    ['{"Fn::Sub": "10${!x}".}', undefined],
    ['!FindInMap [Sizes, small, Tmp]', 600],
    ['!FindInMap [Sizes, !Ref Size, Tmp]', 700],
    ['!If [Big, 4096, 256]', 256],
    ['!If [Small, !Ref Size, !ImportValue x]', 1024],
    ['!If [Both, 200, 300]', 200],
    ['!If [Either, 200, 300]', 300],
    ['!If [Big, 4096, !Ref "AWS::NoValue"]', 128],
    ['null', 128],
  ])('%s is worked out', (written, memory) => {
    const text = sam(`MemorySize: ${written}`, `${mappings}\n${conditions}`);
    if (memory === undefined) expect(failure(text)).toMatch(/^t\.yaml:\d+/);
    else expect(one(text)).toMatchObject({ memory });
  });

  test('follows the parameters that are given', () => {
    const text = sam('MemorySize: !If [Big, 4096, !Ref Bare]', conditions);
    expect(one(text, given(['Size', '4096']))).toMatchObject({ memory: 4096 });
    expect(one(text, given(['Bare', '333']))).toMatchObject({ memory: 333 });
  });

  test.each([
    ['!ImportValue shared', '!ImportValue is known only when the template is deployed'],
    ['{"Fn::GetAtt": [A, B]}', '!GetAtt is known only when the template is deployed'],
    ['!Ref Bare', 'the parameter Bare has no default'],
    ['!Ref Stored', 'the parameter Stored is read from Systems Manager'],
    ['!Ref Bucket', 'it refers to Bucket, which is no parameter'],
    ['!Sub "${Bare}"', 'the parameter Bare has no default'],
    ['!FindInMap [Sizes, huge, Tmp]', 'there is no huge in its mapping'],
    ['!If [Open, 1, 2]', 'the parameter Bare has no default'],
    ['!If [Loop, 1, 2]', 'its condition leads to itself'],
    ['!If [None, 1, 2]', 'there is no condition None'],
  ])('%s is not known', (written, why) => {
    const text = sam(`MemorySize: ${written}`, `${mappings}\n${conditions}`);
    const line = text.split('\n').findIndex((each) => each.includes('MemorySize')) + 1;
    expect(failure(text)).toBe(
      `t.yaml:${line}: F has a MemorySize that is not known: ${why} | say it: --memory <size>`,
    );
  });
});

describe('what Lambda does not take', () => {
  test.each([
    ['MemorySize: 127', 'F has MemorySize "127"'],
    ['MemorySize: 10241', 'F has MemorySize "10241"'],
    ['MemorySize: 1e30', 'F has MemorySize "1e+30"'],
    ['MemorySize: -512', 'F has MemorySize "-512"'],
    ['MemorySize: 512.5', 'F has MemorySize "512.5"'],
    ['MemorySize: "\\e[31m2\\nGB"', String.raw`F has MemorySize "\u{1b}[31m2\u{a}GB"`],
    ['MemorySize: [512]', 'F has MemorySize of the wrong kind'],
    ['EphemeralStorage: {Size: 511}', 'F has EphemeralStorage.Size "511"'],
    ['EphemeralStorage: {Size: 10241}', 'F has EphemeralStorage.Size "10241"'],
    ['SnapStart: {ApplyOn: always}', 'F has SnapStart.ApplyOn "always"'],
    ['PackageType: Tar', 'F has PackageType "Tar"'],
  ])('%s is refused with its line', (properties, message) => {
    expect(failure(sam(properties))).toContain(`t.yaml:12: ${message} | `);
  });

  test('is SnapStart with more than 512 MB', () => {
    const text = sam('EphemeralStorage: {Size: 513}\nSnapStart: {ApplyOn: PublishedVersions}');
    expect(failure(text)).toBe(
      't.yaml:9: F has SnapStart, and 513 MB of ephemeral storage | with SnapStart Lambda takes at most 512 MB',
    );
  });

  test.each([
    ['', 't.yaml is no SAM, CloudFormation or serverless template'],
    ['- a', 't.yaml is no SAM'],
    ['a: 1', 't.yaml is no SAM'],
    ['Resources: {}', 't.yaml has no Lambda function'],
    ['provider: {name: aws}', 't.yaml has no Lambda function'],
    ['Resources:\n  F: {\n', 't.yaml:3:1: '],
    ['Resources:\n\tF: 1\n', 't.yaml:2:1: Tabs are not allowed as indentation'],
  ])('is no template: %j', (text, message) => {
    expect(failure(text)).toContain(message);
  });
});

describe('a serverless.yml', () => {
  const service = (functions: string, more = '') =>
    `service: a\nprovider: {name: aws, stage: prod, memorySize: 2048}\n${more}\nfunctions:\n  f:\n    ${functions.replaceAll('\n', '\n    ')}\n`;

  test('gives 1,024 MB of memory where nothing is said', () => {
    const text = service('handler: a.b').replace(', memorySize: 2048', '');
    expect(one(text)).toMatchObject({ tmp: 512, memory: 1024, snapStart: false, packageType: 'Zip' });
  });

  test('has what its functions say, else its provider', () => {
    expect(one(service('ephemeralStorageSize: 600\nsnapStart: false\nimage: x'))).toMatchObject({
      name: 'f',
      tmp: 600,
      memory: 2048,
      packageType: 'Image',
    });
    expect(one(service('memorySize: 512\nsnapStart: true'))).toMatchObject({ memory: 512, snapStart: true });
  });

  test.each([
    ['${self:custom.memory}', 700],
    ['${self:custom.byStage.${sls:stage}}', 800],
    ['${self:custom.byStage.${opt:stage, self:provider.stage}}', 800],
    ['${opt:memory, 256}', 256],
    ["${env:MEMORY, '300'}", 300],
    ['${param:memory}', 900],
    ['${self:custom.list.1}', 444],
    ['${self:custom.none, self:custom.alias}', 700],
  ])('%s is worked out', (written, memory) => {
    const more = `custom: {memory: 700, alias: "\${self:custom.memory}", list: [1, 444], byStage: {prod: 800, dev: 150}}
params: {default: {memory: 200}, prod: {memory: 900}}`;
    expect(one(service(`memorySize: ${written}`, more))).toMatchObject({ memory });
  });

  test('follows the parameters that are given', () => {
    const text = service('memorySize: ${self:custom.${opt:stage}}', 'custom: {dev: 300}');
    expect(one(text, given(['stage', 'dev']))).toMatchObject({ memory: 300 });
  });

  test.each([
    ['${ssm:/memory}', '${ssm:/memory} is not known before the deployment'],
    ['${file(./a.yml):b}', '${file(./a.yml):b} is not known before the deployment'],
    ['${self:functions.f.memorySize}', 'it leads to itself'],
    ['${self:custom.a}', 'it leads to itself'],
    ['"${self:"', 'its variable has no end'],
  ])('%s is not known', (written, why) => {
    const text = service(`memorySize: ${written}`, 'custom: {a: "${self:custom.b}", b: "x${self:custom.a}"}');
    expect(failure(text)).toContain(`t.yaml:6: f has a memorySize that is not known: ${why}`);
  });
});

describe('a hostile template', () => {
  test.each([
    sam('<<: *a', 'X: &a\n  <<: *a'),
    sam('MemorySize: !If [C, 1, 2]', `Conditions: {C: !And [${'!Condition C,'.repeat(50)}]}`),
    sam(`MemorySize: !Sub "${'${'.repeat(100_000)}"`),
    `provider: {name: aws}\nfunctions: {f: {memorySize: "${'${self:a}'.repeat(1000)}"}}\na: "${'${self:a}'.repeat(1000)}"`,
    `Resources: ${'{a: '.repeat(3000)}${'}'.repeat(3000)}`,
    sam('MemorySize: !Ref __proto__'),
    sam('MemorySize: !Ref constructor'),
  ])('ends with an answer (%#)', (text) => {
    expect(outcomeOf(text)).toBe(text.includes('<<: *a') ? 'read' : 'usage');
  });

  test('never breaks anything, whatever its values are', () => {
    const words = fc.constantFrom(
      '!Ref',
      '!Sub',
      '!If',
      '!FindInMap',
      '!Equals',
      'Size',
      'C',
      'Ref',
      'Fn::If',
      'Fn::Sub',
      '${Size}',
      '1024',
    );
    const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        words,
        fc.integer(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(words, tie('value'), { maxKeys: 2 }),
      ),
    })).value;
    fc.assert(
      fc.property(value, value, value, (memory, size, condition) => {
        const text = JSON.stringify({
          Parameters: { Size: { Default: size } },
          Conditions: { C: condition },
          Resources: {
            F: { Type: 'AWS::Lambda::Function', Properties: { MemorySize: memory, EphemeralStorage: size } },
          },
        });
        expect(outcomeOf(text)).toMatch(/^(?:read|usage)$/);
      }),
      { numRuns: 500 },
    );
  });
});
