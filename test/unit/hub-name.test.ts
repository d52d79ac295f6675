import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelpackError } from '../../src/errors.ts';
import { type HubName, type HubNameOptions, isHubName, parseHubName } from '../../src/source/hub/name.ts';

function refusal(text: string, options?: HubNameOptions): ModelpackError {
  try {
    parseHubName(text, options);
  } catch (error) {
    if (error instanceof ModelpackError) return error;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

const bert = 'google-bert/bert-base-cased';
const commit = 'cd5ef92a9fb2f889e972770a36d4ed042daf221e';

describe('parseHubName() understands', () => {
  const accepted: readonly (readonly [text: string, repo: string, revision?: string])[] = [
    ['gpt2', 'gpt2'],
    [bert, bert],
    [`  ${bert}\n`, bert],
    [`hf:${bert}`, bert],
    ['hf:gpt2@main', 'gpt2', 'main'],
    [`hf://${bert}`, bert],
    [`hf://models/${bert}@v1.0`, bert, 'v1.0'],
    ['hf://models/gpt2', 'gpt2'],
    [`hf://${bert}@refs%2Fpr%2F1`, bert, 'refs/pr/1'],
    [`${bert}@feature/x`, bert, 'feature/x'],
    [`${bert}@refs/pr/1`, bert, 'refs/pr/1'],
    [`${bert}@${commit}`, bert, commit],
    ['a/b@100%', 'a/b', '100%'],
    ['a/b@v1@2', 'a/b', 'v1@2'],
    ['_private/Name_1.5-x_', '_private/Name_1.5-x_'],
    [`n/${'x'.repeat(96)}`, `n/${'x'.repeat(96)}`],
    [`https://huggingface.co/${bert}`, bert],
    [`https://huggingface.co/${bert}/`, bert],
    [`http://www.huggingface.co/${bert}?library=transformers#usage`, bert],
    [`HTTPS://HuggingFace.co/${bert}`, bert],
    [`hf.co/${bert}`, bert],
    [`huggingface.co/${bert}/tree/main`, bert, 'main'],
    [`hf:https://hf.co/${bert}`, bert],
    [`https://huggingface.co/${bert}/tree/main/`, bert, 'main'],
    [`https://huggingface.co/${bert}/tree/refs%2Fpr%2F1`, bert, 'refs/pr/1'],
    [`https://huggingface.co/${bert}/tree/refs/pr/1`, bert, 'refs/pr/1'],
    [`https://huggingface.co/${bert}/tree/refs/convert/onnx`, bert, 'refs/convert/onnx'],
    [`https://huggingface.co/${bert}/tree/feature%2Fx`, bert, 'feature/x'],
    [`https://huggingface.co/${bert}@main`, bert, 'main'],
    [`https://huggingface.co/${bert}@refs/pr/1`, bert, 'refs/pr/1'],
    ['https://huggingface.co/gpt2', 'gpt2'],
    ['https://huggingface.co/gpt2/tree/v2', 'gpt2', 'v2'],
  ];
  it.each(accepted.map(([text, repo, revision]) => ({ text, name: { repo, revision } })))(
    '$text',
    ({ text, name }) => {
      expect(parseHubName(text)).toEqual(name);
    },
  );

  it('web addresses of the endpoint in use, with its port and path', () => {
    const endpoint = 'http://localhost:8080/hub/';
    expect(parseHubName(`http://localhost:8080/hub/${bert}/tree/v1`, { endpoint })).toEqual({
      repo: bert,
      revision: 'v1',
    });
    expect(refusal(`http://localhost:9090/hub/${bert}`, { endpoint }).message).toBe(
      'localhost:9090 is not the Hugging Face Hub',
    );
    expect(refusal(`http://localhost:8080/other/${bert}`, { endpoint }).code).toBe('usage');
    expect(parseHubName(`hf.co/${bert}`, { endpoint: 'no address' }).repo).toBe(bert);
  });
});

describe('isHubName()', () => {
  const endpoint = 'http://localhost:8080/hub';
  it.each([
    ['gpt2', true],
    [`hf:${bert}`, true],
    ['a b', true], // wrong, and the Hub's to say so
    ['clip:ViT-B/32', false],
    [`https://huggingface.co/${bert}`, true],
    [`https://hf.co/${bert}`, true],
    [`http://localhost:8080/hub/${bert}`, true],
    [`http://localhost:8080/elsewhere/${bert}`, false],
    [`http://localhost:9090/hub/${bert}`, false],
    ['https://huggingface.co.example.com/a/b', false],
    ['https://', false],
  ])('of %j is %s', (text, expected) => {
    expect(isHubName(text, endpoint)).toBe(expected);
  });
});

describe('parseHubName() refuses', () => {
  const refused: readonly (readonly [text: string, message: string])[] = [
    ['', 'not the name of a model, it is empty: ""'],
    ['@main', 'not the name of a model, it is empty: ""'],
    ['hf:', 'not the name of a model, it is empty: ""'],
    ['a b', 'not the name of a model, it may hold letters, digits, "-", "_" and "." only: "a b"'],
    ['modèle', 'not the name of a model, it may hold letters, digits, "-", "_" and "." only: "modèle"'],
    [
      'clip:ViT-B/32',
      'not the name of a model, it may hold letters, digits, "-", "_" and "." only: "clip:ViT-B/32"',
    ],
    ['a/', 'not the name of a model, a part of it is empty: "a/"'],
    ['/a', 'not the name of a model, a part of it is empty: "/a"'],
    ['../a', 'not the name of a model, it may not hold "--" or "..": "../a"'],
    ['a/b--c', 'not the name of a model, it may not hold "--" or "..": "a/b--c"'],
    ['./a', 'not the name of a model, no part of it may begin or end with "-" or ".": "./a"'],
    ['a/b-', 'not the name of a model, no part of it may begin or end with "-" or ".": "a/b-"'],
    ['-a/b', 'not the name of a model, no part of it may begin or end with "-" or ".": "-a/b"'],
    ['a/b.git', 'not the name of a model, it may not end in ".git": "a/b.git"'],
    ['https://hf.co/a%2Fb/c', 'not the name of a model, it has more than two parts: "a/b/c"'],
    ['a/b@', 'not a revision: ""'],
    ['a/b@x y', 'not a revision: "x y"'],
    ['a/b@a..b', 'not a revision: "a..b"'],
    ['a/b@/main', 'not a revision: "/main"'],
    ['https://huggingface.co/a/b/tree/%zz', 'wrong percent-encoding: %zz'],
    ['datasets/squad', 'modelpack ships models, not datasets: datasets/squad'],
    ['hf://datasets/rajpurkar/squad@main', 'modelpack ships models, not datasets: datasets/rajpurkar/squad'],
    ['https://huggingface.co/spaces/a/b', 'modelpack ships models, not spaces: spaces/a/b'],
    ['hf:models/a/b', '"models/" does not belong to the name of a model'],
    ['https://huggingface.co/a/b/discussions/1', 'not a page with files of a/b: a/b/discussions/1'],
    ['https://example.com/a/b', 'example.com is not the Hugging Face Hub'],
    ['https://huggingface.co.example.com/a/b', 'huggingface.co.example.com is not the Hugging Face Hub'],
    ['https://', 'not a web address of the Hugging Face Hub'],
  ];
  it.each(refused)('%j', (text, message) => {
    expect(refusal(text)).toMatchObject({ code: 'usage', message });
  });

  it('a part of more than 96 characters, and says so without repeating all of it', () => {
    const { message } = refusal(`n/${'x'.repeat(5000)}`);
    expect(message).toContain('longer than 96 characters');
    expect(message.length).toBeLessThan(250);
  });

  it.each([
    ['hf://a/b/config.json', 'a/b --include config.json'],
    ['a/b/unet/config.json', 'a/b --include unet/config.json'],
    ['https://huggingface.co/a/b/blob/main/config.json', 'a/b@main --include config.json'],
    [
      'https://huggingface.co/a/b/resolve/refs%2Fpr%2F1/x%20y.bin?download=true',
      "a/b@refs/pr/1 --include 'x y.bin'",
    ],
    ['https://huggingface.co/a/b/tree/main/unet', 'a/b@main --include unet/'],
    ['https://huggingface.co/gpt2/blob/main/a[1].bin', "gpt2@main --include 'a[[]1].bin'"],
    ["https://huggingface.co/a/b/blob/main/it's", String.raw`a/b@main --include 'it'\''s'`],
  ])('a file inside a model (%s) and shows how to include it', (text, hint) => {
    expect(refusal(text)).toMatchObject({ code: 'usage', hint });
  });

  it('what holds terminal escapes without sending them on', () => {
    for (const text of [
      'a/\u001b[31mred',
      'a/b@\u0007',
      'a/b/\u202egnp.bin',
      'https://hf.co/a/b/blob/main/%1b%5b2J',
    ]) {
      const { message, hint } = refusal(text);
      expect(`${message}${hint}`).not.toMatch(/\p{C}/u);
    }
    expect(refusal('a/\u001b[31mred').message).toContain(String.raw`"a/\u{1b}[31mred"`);
  });

  it('a web address without repeating its credentials or query', () => {
    for (const page of ['a/b/discussions/1', 'a/b/blob/main/x', 'spaces/a/b', 'a--b']) {
      const { message, hint } = refusal(
        `https://user:hf_secret@huggingface.co/${page}?token=hf_secret#hf_secret`,
      );
      expect(`${message}${hint}`).not.toContain('hf_secret');
    }
    expect(refusal('https://hf_secret@example.com/?t=hf_secret').message).not.toContain('hf_secret');
  });
});

function parsed(text: string): HubName | ModelpackError {
  try {
    return parseHubName(text);
  } catch (error) {
    if (error instanceof ModelpackError) return error;
    throw error;
  }
}

function isError(outcome: HubName | ModelpackError): outcome is ModelpackError {
  return outcome instanceof ModelpackError;
}

function written({ repo, revision }: HubName): string {
  return revision === undefined ? repo : `${repo}@${revision}`;
}

/** Nothing in it that a terminal or an address would act on. */
function isClean(outcome: HubName | ModelpackError): boolean {
  if (isError(outcome))
    return outcome.code === 'usage' && !/\p{C}/u.test(`${outcome.message}${outcome.hint}`);
  return /^[\w.-]{1,96}(?:\/[\w.-]{1,96})?$/.test(outcome.repo) && !/[\p{C}\s]/u.test(outcome.revision ?? '');
}

describe('parseHubName() for any text', () => {
  const words = fc.constantFrom(
    'hf:',
    'hf://',
    'https://hf.co/',
    'models/',
    'a',
    '/',
    '@',
    '%2F',
    '..',
    'tree/',
    'refs/pr/1',
    '\u001b',
    '?',
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc.array(words).map((some) => some.join('')),
    fc.array(fc.oneof(words, fc.string({ maxLength: 3 }))).map((some) => some.join('')),
  );

  it('returns a name that it reads again as the same, or throws one clean ModelpackError', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const outcome = parsed(text);
        expect(isClean(outcome)).toBe(true);
        expect(isError(outcome) ? outcome : parsed(written(outcome))).toEqual(outcome);
      }),
      { numRuns: 5000 },
    );
  });
});
