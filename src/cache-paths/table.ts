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

/** Its name without the version. */
export function shortName({ name }: Pick<Library, 'name'>): string {
  return name.replace(/ (?:>=|\d).*$/, '');
}
