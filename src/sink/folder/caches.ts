import type { IndexModel } from '../../bundle/contents.ts';
import { hubReferences, snapshotFolder, type Reference } from './hub-cache.ts';

/** Who looks for the files, and the variables or the arguments of its calls that make it look in the folder. */
export interface Library {
  readonly name: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly arguments: Readonly<Record<string, string>>;
}

/** How a library lays out its cache. Paths are below the folder; `''` is the folder itself. */
export interface Cache {
  readonly library: (folder: string) => Library;
  readonly home: (model: IndexModel, where: string) => string;
  readonly references?: (models: readonly IndexModel[]) => Reference[];
  /** Needed although nothing is put in them. */
  readonly folders?: readonly string[];
}

const caches: Readonly<Record<string, Cache>> = {
  // https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables
  hf: {
    library: (folder) => ({
      name: 'huggingface_hub',
      variables: { HF_HUB_CACHE: folder, HF_HUB_OFFLINE: '1' },
      arguments: { cache_dir: folder },
    }),
    home: snapshotFolder,
    references: hubReferences,
  },
  // https://github.com/openai/CLIP/blob/main/clip/clip.py
  clip: {
    library: (folder) => ({ name: 'clip.load', variables: {}, arguments: { download_root: folder } }),
    home: () => '',
  },
  // https://github.com/openai/whisper/blob/main/whisper/__init__.py
  whisper: {
    library: (folder) => ({
      name: 'whisper.load_model',
      variables: {},
      arguments: { download_root: folder },
    }),
    home: () => '',
  },
  // https://github.com/JaidedAI/EasyOCR/blob/master/easyocr/config.py. It has an argument for each of the two folders,
  // and makes the one that it is not given in the home directory.
  easyocr: {
    library: (folder) => ({ name: 'easyocr', variables: { EASYOCR_MODULE_PATH: folder }, arguments: {} }),
    home: () => 'model',
    folders: ['user_network'],
  },
};

/** By the scheme of a model's source; what comes from elsewhere belongs to no library. */
export function cacheOf(source: string): Cache | undefined {
  const scheme = source.slice(0, Math.max(0, source.indexOf(':')));
  return Object.hasOwn(caches, scheme) ? caches[scheme] : undefined;
}
