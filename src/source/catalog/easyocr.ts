import { ModelpackError } from '../../errors.ts';
import { quoted } from '../../printable.ts';
import type { Catalog, CatalogFile } from './catalog.ts';
import data from './easyocr.json' with { type: 'json' };

export type Recognizer = (typeof data.recognition)[number];

/** EasyOCR: the default detector, and the one recognizer that `Reader` loads for a list of languages. */
export const easyocr: Catalog = {
  scheme: 'easyocr',
  spelling: 'easyocr:en+ch_sim',
  find(wanted) {
    const languages = languagesIn(wanted);
    const detector = data.detection.find(({ name }) => name === data.defaultDetector)!;
    const files = [detector, recognizerFor(languages)].map(fileOf);
    return { name: languages.toSorted().join('+'), files };
  },
};

/**
 * The recognizer that `Reader(languages)` chooses, by EasyOCR's own rules in its own order (easyocr.json,
 * selectionOrder; easyocr.py, Reader).
 *
 * @throws ModelpackError `usage` for languages that no single recognizer reads
 */
export function recognizerFor(languages: readonly string[]): Recognizer {
  const [forEnglish, ...others] = data.selectionOrder.map(({ recognizer }) => recognizerNamed(recognizer));
  if (languages.length === 1 && languages[0] === 'en') return forEnglish!;
  const chosen = others.find(({ defaultFor }) => languages.some((each) => list(defaultFor).includes(each)))!;
  const readable = [...list(chosen.languages), ...list(chosen.alsoAccepts)];
  const rest = languages.filter((each) => !readable.includes(each));
  if (rest.length === 0) return chosen;
  const first = languages.filter((each) => readable.includes(each));
  const english = languages.filter((each) => each === 'en');
  const own = first.filter((each) => each !== 'en').join('+');
  throw new ModelpackError('usage', `one reader of EasyOCR cannot read both ${own} and ${rest.join('+')}`, {
    hint: `a reader has one recognizer: take two, easyocr:${first.join('+')} easyocr:${[...rest, ...english].join('+')}`,
  });
}

/** Codes in small letters, in the order given. */
function languagesIn(wanted: string): string[] {
  const languages = wanted.split(/[+,]/).map((code) => code.trim().toLowerCase());
  const unknown = languages.find((code) => !data.allLanguages.includes(code));
  if (unknown !== undefined) {
    throw new ModelpackError('not-found', `EasyOCR has no language ${quoted(unknown)}`, {
      hint: `its languages are ${data.allLanguages.filter(isWhole).join(', ')}`,
    });
  }
  const broken = languages.find((code) => !isWhole(code));
  if (broken !== undefined) {
    throw new ModelpackError(
      'usage',
      `EasyOCR lists ${broken}, but fails with it: it has no characters for it`,
      {
        hint: `leave ${broken} out; EasyOCR ${data.version} lacks character/${broken}_char.txt`,
      },
    );
  }
  const twice = languages.find((code, at) => languages.indexOf(code) !== at);
  if (twice === undefined) return languages;
  throw new ModelpackError('usage', `the language ${twice} stands twice`, {
    hint: 'name each language once',
  });
}

function isWhole(code: string): boolean {
  return !data.brokenLanguages.includes(code);
}

function recognizerNamed(wanted: string): Recognizer {
  return data.recognition.find(({ name }) => name === wanted)!;
}

function fileOf(row: { filename: string; url: string; md5: string; memberInZip: string }): CatalogFile {
  return { path: row.filename, url: row.url, md5: row.md5, member: row.memberInZip };
}

/** The arrays of the data that are empty have no type of their own. */
function list(codes: readonly string[]): readonly string[] {
  return codes;
}
