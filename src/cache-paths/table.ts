import { general } from './general.ts';
import { huggingFace } from './hugging-face.ts';
import type { Library } from './library.ts';
import { speech } from './speech.ts';
import { text } from './text.ts';
import { torch } from './torch.ts';
import { vision } from './vision.ts';

/** Every library that is known, those of one family together. */
export const libraries: readonly Library[] = [
  ...huggingFace,
  ...torch,
  ...vision,
  ...speech,
  ...text,
  ...general,
];

/** The variable that code reads for its cache argument (practice 1), and where it points on Lambda. */
export const CACHE_ROOT_VARIABLE = 'MODEL_CACHE_FS_PATH';
export const CACHE_ROOT = '/tmp/models';

/** Its name without the version. */
export function shortName({ name }: Pick<Library, 'name'>): string {
  return name.replace(/ (?:>=|\d).*$/, '');
}
