import pLimit from 'p-limit';

import { ModelpackError } from '../../errors.ts';
import type { HttpClient } from '../../http/client.ts';
import type { Source } from '../source.ts';
import { isWebAddress, parseWebAddress, publicAddress } from './address.ts';
import { openRemote } from './remote.ts';

/** How the web is reached. `cli/environment.ts` makes it from options and variables. */
export interface WebSettings {
  /** Ask for nothing. */
  readonly offline: boolean;
  /** Requests under way at once. */
  readonly jobs: number;
}

/** Single files of the web: `https://host/model.bin#sha256=…`. */
export function web(client: HttpClient, settings: WebSettings): Source {
  const limit = pLimit(settings.jobs);
  return {
    spelling: 'https://host/file#sha256=…',
    accepts: isWebAddress,
    async resolve(reference, _, run) {
      const { url, sha256, name } = parseWebAddress(reference);
      const what = publicAddress(url);
      if (settings.offline) throw notOffline(what);
      const options = { client, limit, what, hashed: sha256 !== undefined };
      const remote = await openRemote(url, options, run);
      return {
        name,
        source: what,
        files: [{ path: name, size: remote.size, sha256, remote: true }],
        leftOut: [],
        async checkAccess() {},
        read: (_file, into, start, current) => remote.read(into, start, current),
      };
    },
  };
}

export function notOffline(what: string): ModelpackError {
  return new ModelpackError('not-found', `${what} is not on this machine`, {
    hint: 'run once without --offline (and without HF_HUB_OFFLINE)',
  });
}
