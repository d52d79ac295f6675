import { ModelpackError } from '../../errors.ts';
import type { HttpClient } from '../../http/client.ts';
import type { Source } from '../source.ts';
import type { WebSettings } from '../web/web.ts';
import { builtIn } from './built-in.ts';
import type { Catalog } from './catalog.ts';
import { catalogSource } from './source.ts';
import { readCatalogs } from './user.ts';

/** Which catalogs there are, and where their files come from. `cli/environment.ts` makes it from variables. */
export interface CatalogSettings extends WebSettings {
  /** A folder of `<scheme>.json`; one of a built-in scheme takes its place. */
  readonly folder?: string | undefined;
  /**
   * By scheme, `_` for all but letters and digits: what replaces scheme and host of its addresses, and stands before
   * their paths.
   */
  readonly mirrors?: ReadonlyMap<string, URL> | undefined;
}

/**
 * CLIP, EasyOCR and Whisper by their catalogs, and what the user's own catalogs name.
 *
 * @throws ModelpackError `usage` for a catalog that is wrong
 */
export async function catalogs(client: HttpClient, settings: CatalogSettings): Promise<Source[]> {
  const { folder, mirrors = new Map<string, URL>() } = settings;
  const own = folder === undefined ? [] : await readCatalogs(folder);
  const all = new Map<string, Catalog>([...builtIn, ...own].map((catalog) => [catalog.scheme, catalog]));
  const keys = [...all.keys()].map(keyOf);
  const unknown = [...mirrors.keys()].find((key) => !keys.includes(key));
  if (unknown !== undefined) {
    throw new ModelpackError('usage', `there is no catalog ${unknown} to have a mirror`, {
      hint: `catalogs are ${[...all.keys()].join(', ')}`,
    });
  }
  return [...all.values()].map((catalog) =>
    catalogSource(catalog, client, settings, mirrors.get(keyOf(catalog.scheme))),
  );
}

function keyOf(scheme: string): string {
  return scheme.replaceAll(/[^a-z0-9]/g, '_');
}
