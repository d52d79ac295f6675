import type { Catalog } from './catalog.ts';
import clipData from './clip.json' with { type: 'json' };
import { easyocr } from './easyocr.ts';
import { findNamed } from './names.ts';
import whisperData from './whisper.json' with { type: 'json' };

/** OpenAI's CLIP: one TorchScript file a model. */
export const clip: Catalog = {
  scheme: 'clip',
  spelling: 'clip:ViT-B/32',
  find(wanted) {
    const { name, filename, url, sha256 } = findNamed('clip', clipData.models, wanted);
    return { name, files: [{ path: filename, url, sha256 }] };
  },
};

/** OpenAI's Whisper: one file a model. */
export const whisper: Catalog = {
  scheme: 'whisper',
  spelling: 'whisper:base',
  find(wanted) {
    const { name, filename, url, sha256 } = findNamed('whisper', whisperData.models, wanted);
    return { name, license: whisperData.license.id, files: [{ path: filename, url, sha256 }] };
  },
};

export const builtIn: readonly Catalog[] = [clip, easyocr, whisper];
