import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelpackError } from '../../src/errors.ts';
import { type Weights, weightFormats } from '../../src/source/source.ts';
import { attempt, type File, filesOf, listings } from '../helpers/listing.ts';

const names = `
  model.safetensors model.fp16.safetensors model-1-of-2.safetensors model-2-of-2.safetensors
  model.safetensors.index.json pytorch_model.bin pytorch_model-1-of-2.bin pytorch_model.bin.index.json tf_model.h5
  model.onnx model_q4.onnx a-Q4_0.gguf a-Q8_0-2-of-2.gguf mmproj-F16.gguf a-imatrix.gguf x.pt lora.safetensors
  consolidated.00.pth openvino_model.bin m.mlmodel config.json model_index.json x.zip weird a.png optimizer.pt
`;
const places = [
  '',
  'unet/',
  'onnx/',
  'onnx/unet/',
  'original/',
  'coreml/a.mlpackage/',
  'checkpoint-1/',
  '.cache/',
];

const paths = fc.tuple(fc.constantFrom(...places), fc.constantFrom(...names.trim().split(/\s+/)));
const made = fc.uniqueArray(
  fc.record({ path: paths.map(([place, name]) => place + name), size: fc.nat(1000) }),
  { minLength: 1, selector: (file) => file.path },
);

/** A real repository with some of its files gone. */
const thinned = fc
  .constantFrom(...listings)
  .chain((listing) => fc.shuffledSubarray(filesOf(listing), { minLength: 1 }));

const questions = fc.constantFrom(undefined, 'all' as const, ...weightFormats);

describe.each([
  ['made repositories', made, 800],
  ['real repositories with files missing, in any order', thinned, 400],
] as const)('of %s, select()', (_name, listing, numRuns) => {
  const check = (holds: (files: readonly File[], weights: Weights | undefined) => void) =>
    fc.assert(fc.property(listing, questions, holds), { numRuns });

  it('puts every file on one side, and says why where it leaves one out', () => {
    check((files, weights) => {
      const outcome = attempt(files, { weights });
      if (outcome instanceof ModelpackError) return;
      const left = outcome.leftOut.flatMap((row) => row.files);
      const sides = [...outcome.kept, ...left].map(({ path }) => path);
      expect(sides.toSorted()).toEqual(files.map(({ path }) => path).toSorted());
      expect(outcome.leftOut.filter((row) => row.reason === '' || row.files.length === 0)).toEqual([]);
    });
  });

  it('gives the same whatever the order', () => {
    check((files, weights) => {
      const [one, other] = [attempt(files, { weights }), attempt(files.toReversed(), { weights })];
      if (one instanceof ModelpackError || other instanceof ModelpackError) {
        expect([other].map(told)).toEqual([one].map(told));
        return;
      }
      expect(other.kept.toReversed()).toEqual(one.kept);
      expect(other.leftOut.map((row) => row.reason)).toEqual(one.leftOut.map((row) => row.reason));
    });
  });

  it('takes something, and some weights where there are any', () => {
    check((files, weights) => {
      const outcome = attempt(files, { weights });
      if (outcome instanceof ModelpackError) return;
      expect(outcome.kept.length).toBeGreaterThan(0);
      expect(outcome.kept.some(isWeight)).toBe(files.some(isWeight));
    });
  });

  it('takes no less with --weights all than without', () => {
    check((files) => {
      const [one, all] = [attempt(files), attempt(files, { weights: 'all' })];
      if (one instanceof ModelpackError || all instanceof ModelpackError) return;
      const taken = new Set(all.kept);
      expect(one.kept.filter((file) => !taken.has(file) && !isExport(file))).toEqual([]);
    });
  });
});

function told(outcome: unknown) {
  return outcome instanceof ModelpackError ? [outcome.code, outcome.message] : outcome;
}

function isWeight({ path }: File): boolean {
  return (
    /\.(?:safetensors|bin|h5|onnx|gguf|pt|pth|mlmodel|msgpack|ckpt|ot|tflite|onnx_data)$/.test(path) &&
    !/optimizer|imatrix\.gguf|training_args|^\.cache|scheduler\.pt|rng_state/.test(path)
  );
}

function isExport({ path }: File): boolean {
  return /^(?:onnx|openvino|coreml|original|metal)\//.test(path);
}
