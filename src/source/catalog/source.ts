import pLimit from 'p-limit';

import { ModelpackError } from '../../errors.ts';
import type { Run } from '../../events.ts';
import type { HttpClient } from '../../http/client.ts';
import type { Source } from '../source.ts';
import { openRemote, type Remote } from '../web/remote.ts';
import { notOffline, type WebSettings } from '../web/web.ts';
import { openMember } from '../zip.ts';
import type { Catalog, CatalogFile, CatalogModel } from './catalog.ts';

/** The models of a catalog: `<scheme>:<name>`. */
export function catalogSource(
  catalog: Catalog,
  client: HttpClient,
  { offline, jobs }: WebSettings,
  mirror: URL | undefined,
): Source {
  const { scheme, spelling } = catalog;
  const limit = pLimit(jobs);
  const opened = new Map<string, Promise<Remote>>();

  /** Once, though several models of a run may share it. */
  function openOnce(file: CatalogFile, model: CatalogModel, run: Run): Promise<Remote> {
    const key = `${file.url}#${file.member ?? ''}`;
    const known = opened.get(key);
    if (known !== undefined) return known;
    const remote = open(file, model, run);
    opened.set(key, remote);
    remote.catch(() => opened.delete(key));
    return remote;
  }

  async function open(file: CatalogFile, model: CatalogModel, run: Run): Promise<Remote> {
    const url = mirrored(new URL(file.url), mirror);
    const what = `${url.pathname.split('/').at(-1)} of ${scheme}:${model.name}`;
    const { member, size } = file;
    const hashed = file.sha256 !== undefined || file.md5 !== undefined;
    const remote = await openRemote(
      url,
      {
        client,
        limit,
        what,
        hashed,
        size: member === undefined ? size : undefined,
        needsRanges: member !== undefined,
      },
      run,
    );
    return member === undefined ? remote : openMember(remote, what, { name: member, size }, run);
  }

  return {
    spelling,
    accepts: (reference) => reference.toLowerCase().startsWith(`${scheme}:`),
    async resolve(reference, _, run) {
      const wanted = reference.slice(scheme.length + 1);
      if (wanted === '') {
        throw new ModelpackError('usage', `${scheme}: names no model`, { hint: `for example ${spelling}` });
      }
      const model = catalog.find(wanted);
      const source = `${scheme}:${model.name}`;
      if (offline) throw notOffline(source);
      const remotes = new Map<string, Remote>();
      await Promise.all(
        model.files.map(async (file) => remotes.set(file.path, await openOnce(file, model, run))),
      );
      return {
        name: scheme,
        source,
        license: model.license,
        files: model.files.map(({ path, sha256, md5 }) => {
          return { path, size: remotes.get(path)!.size, sha256, md5, remote: true };
        }),
        leftOut: [],
        shares: true,
        async checkAccess() {},
        read: (file, into, start, current) => remotes.get(file.path)!.read(into, start, current),
      };
    },
  };
}

/** The same file on a mirror: its scheme and host, and its path in front. */
function mirrored(url: URL, mirror: URL | undefined): URL {
  if (mirror === undefined) return url;
  const moved = new URL(mirror);
  moved.pathname = mirror.pathname.replace(/\/+$/, '') + url.pathname;
  moved.search = url.search;
  return moved;
}
