import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { startWeb } from '../servers/web/server.ts';
import type { Bench } from './bench.ts';

/** `{"a": 1}`, protocol 2. */
const OWN_PICKLE = Buffer.from('80027d7100580100000061710 14b01732e'.replaceAll(' ', ''), 'hex');

/** One bundle of every kind of source; then the libraries themselves look for their files in the unpacked cache. */
export async function libraries(bench: Bench): Promise<string> {
  const weights = (what: string) => Buffer.from(`made weights of ${what}\n`.repeat(2000));
  const clip = weights('CLIP');
  const whisper = weights('Whisper');
  const detector = weights('the detector');
  const recognizer = weights('the recognizer');
  await using web = await startWeb({
    [`/${sha256(clip)}/ViT-B-32.pt`]: clip,
    [`/${sha256(whisper)}/tiny.pt`]: whisper,
    '/craft_mlt_25k.pth': detector,
    '/english_g2.pth': recognizer,
  });
  const at = (path: string) => `${web.origin}/${path}`;
  const urls = {
    clip: at(`${sha256(clip)}/ViT-B-32.pt`),
    whisper: at(`${sha256(whisper)}/tiny.pt`),
  };
  const catalogs = await bench.path('catalogs');
  await mkdir(catalogs);
  const made = [
    catalog('clip', 'ViT-B/32', [['ViT-B-32.pt', urls.clip, clip]]),
    catalog('whisper', 'tiny', [['tiny.pt', urls.whisper, whisper]]),
    catalog('easyocr', 'en', [
      ['craft_mlt_25k.pth', at('craft_mlt_25k.pth'), detector],
      ['english_g2.pth', at('english_g2.pth'), recognizer],
    ]),
  ];
  for (const each of made) await writeFile(join(catalogs, `${each.scheme}.json`), JSON.stringify(each));
  const own = await bench.path('model_state_dict.pkl');
  await writeFile(own, OWN_PICKLE);

  const env = { MODELPACK_CATALOGS: catalogs };
  const [bundle, folder] = [await bench.path('all.tar'), await bench.path('all')];
  const sources = ['acme/tiny-bert', 'acme/odd', 'clip:ViT-B/32', 'whisper:tiny', 'easyocr:en', own];
  await bench.modelpack(['fetch', ...sources, '-o', bundle], env);
  await bench.modelpack(['inspect', bundle]);
  await bench.modelpack(['verify', bundle]);
  await bench.modelpack(['unpack', bundle, folder, '--layout', 'cache']);

  const expected = {
    clip: { url: urls.clip, file: 'ViT-B-32.pt' },
    whisper: { url: urls.whisper, file: 'tiny.pt' },
    easyocr: {
      detector: { file: 'craft_mlt_25k.pth', md5: md5(detector) },
      recognizer: { file: 'english_g2.pth', md5: md5(recognizer) },
    },
  };
  return (await bench.python(['library_caches_check.py', folder, JSON.stringify(expected)])).trim();
}

function catalog(scheme: string, name: string, files: readonly (readonly [string, string, Buffer])[]) {
  const described = files.map(([path, url, bytes]) => ({
    path,
    url,
    sha256: sha256(bytes),
    size: bytes.length,
  }));
  return { scheme, models: [{ name, files: described }] };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}
