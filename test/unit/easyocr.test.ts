import { describe, expect, it } from 'vitest';

import { ModelpackError } from '../../src/errors.ts';
import data from '../../src/source/catalog/easyocr.json' with { type: 'json' };
import { easyocr } from '../../src/source/catalog/easyocr.ts';

/**
 * What `Reader([language])` of EasyOCR 1.7.2 loads, asked of the package itself (with its heavy imports stubbed), as
 * were all pairs and some triples.
 */
const alone: Readonly<Record<string, string>> = {
  'latin_g2.pth':
    'af az bs cs cy da de es et fr ga hr hu id is it ku la lt lv mi ms mt nl no oc pi pl pt ro rs_latin sk sl sq sv sw tl tr uz vi',
  'english_g2.pth': 'en',
  'arabic.pth': 'ar fa ug ur',
  'cyrillic_g2.pth': 'ru rs_cyrillic be bg uk mn abq ady kbd ava dar inh che lbe lez tab tjk',
  'devanagari.pth': 'hi mr ne bh mai ang bho mah sck new gom',
  'bengali.pth': 'bn as',
  'thai.pth': 'th',
  'zh_sim_g2.pth': 'ch_sim',
  'chinese.pth': 'ch_tra',
  'japanese_g2.pth': 'ja',
  'korean_g2.pth': 'ko',
  'tamil.pth': 'ta',
  'telugu.pth': 'te',
  'kannada.pth': 'kn',
};
const broken = ['sa', 'bgc', 'mni'];
const fileOf = new Map(
  Object.entries(alone).flatMap(([file, codes]) => codes.split(' ').map((code) => [code, file] as const)),
);

/** The recognizer, or the failure. */
function ask(languages: string): string | ModelpackError {
  try {
    const [detector, recognizer, ...more] = easyocr.find(languages).files;
    expect(detector?.path).toBe('craft_mlt_25k.pth');
    expect(more).toEqual([]);
    return recognizer!.path;
  } catch (error) {
    if (error instanceof ModelpackError) return error;
    throw error;
  }
}

describe("EasyOCR's choice of a recognizer", () => {
  it('is known for every language of the catalog', () => {
    expect([...fileOf.keys(), ...broken].toSorted()).toEqual(data.allLanguages.toSorted());
  });

  it.each([...fileOf])('for %s alone is %s', (language, file) => {
    expect(ask(language)).toBe(file);
  });

  it('for two languages is what both can be read by, or a refusal that names two readers', () => {
    const codes = [...fileOf.keys()];
    for (const a of codes) {
      for (const b of codes.filter((each) => each !== a)) {
        const [one, other] = [fileOf.get(a), fileOf.get(b)];
        const isLatin = (file?: string) => file === 'latin_g2.pth' || file === 'english_g2.pth';
        const expected =
          isLatin(one) && isLatin(other)
            ? 'latin_g2.pth'
            : one === other || b === 'en'
              ? one
              : a === 'en'
                ? other
                : undefined;
        const got = ask(`${a}+${b}`);
        if (expected !== undefined) expect(got, `${a}+${b}`).toBe(expected);
        else
          expect(got, `${a}+${b}`).toMatchObject({
            code: 'usage',
            hint: expect.stringContaining('take two'),
          });
      }
    }
  });

  it.each([
    ['ch_sim+en+ja', 'ch_sim and ja', 'easyocr:ch_sim+en easyocr:ja+en'],
    ['de+ru', 'ru and de', 'easyocr:ru easyocr:de'],
    ['ja+ko+ch_sim', 'ch_sim and ja+ko', 'easyocr:ch_sim easyocr:ja+ko'],
  ])('refuses %s and says what to do', (languages, both, hint) => {
    expect(ask(languages)).toMatchObject({
      code: 'usage',
      message: `one reader of EasyOCR cannot read both ${both}`,
      hint: expect.stringContaining(hint),
    });
  });

  it.each(broken)('refuses %s, which EasyOCR lists and cannot load', (language) => {
    expect(ask(language)).toMatchObject({
      code: 'usage',
      message: expect.stringContaining(`lists ${language}`),
    });
    expect(ask(`en+${language}`)).toMatchObject({ code: 'usage' });
  });

  it.each([
    ['xx', 'not-found'],
    ['en+xx', 'not-found'],
    ['en+', 'not-found'],
    ['en+en', 'usage'],
  ])('refuses %s', (languages, code) => {
    expect(ask(languages)).toMatchObject({ code });
  });

  it('has one name for the same languages, however they are written', () => {
    const names = ['en+ch_sim', 'ch_sim+en', 'EN,ch_sim', 'ch_sim, en'].map(
      (text) => easyocr.find(text).name,
    );
    expect(new Set(names)).toEqual(new Set(['ch_sim+en']));
  });
});
