import { join } from 'node:path';

import { ModelpackError } from '../../errors.ts';
import type { Run } from '../../events.ts';
import type { HttpClient } from '../../http/client.ts';
import { openDisk } from '../../disk.ts';
import { select } from '../select.ts';
import type { Model, Selection, Source } from '../source.ts';
import { hubApi } from './api.ts';
import { localCopies } from './cache.ts';
import { download } from './download.ts';
import { checkAccess, isCommit, list, type Listing } from './listing.ts';
import { isHubName, parseHubName } from './name.ts';
import { checkPresent, listOffline } from './offline.ts';
import type { HubSettings } from './settings.ts';

/** Models of the Hugging Face Hub: `hf:org/name@revision`. */
export function hub(client: HttpClient, settings: HubSettings): Source {
  const api = hubApi(client, settings);

  async function resolve(reference: string, selection: Selection, run: Run): Promise<Model> {
    const { repo, revision = 'main' } = parseHubName(reference, { endpoint: settings.endpoint });
    if (settings.offline) return offline(repo, revision, selection);
    const listing = await list(api, settings, repo, revision, run);
    const copies = localCopies(settings.cacheDir, [...new Set([repo, listing.repo])], listing.commit);
    const remote = download(client, api, settings, listing.repo, listing.commit);
    return {
      ...describe(listing, revision, selection),
      async checkAccess(current) {
        if (listing.gated) await checkAccess(api, listing.repo, settings.token, current);
      },
      async read(file, into, start, current) {
        if (await copies.read(file, into, start, current)) return;
        await remote.read(file, into, start, current);
      },
    };
  }

  async function offline(repo: string, revision: string, selection: Selection): Promise<Model> {
    const listing = await listOffline(settings.cacheDir, repo, revision);
    const model = describe(listing, revision, selection);
    await checkPresent(listing, model.files);
    return {
      ...model,
      async checkAccess() {},
      async read(file, into, start, run) {
        await using disk = await openDisk(join(listing.folder, ...file.path.split('/')));
        await disk.read(into, start);
        run.report({ type: 'bytes', count: into.length, from: 'disk' });
      },
    };
  }

  return {
    spelling: 'org/name, hf:org/name@revision',
    accepts: (reference) => isHubName(reference, settings.endpoint),
    resolve,
  };
}

function describe(listing: Listing, revision: string, selection: Selection) {
  const { repo, commit, license, files } = listing;
  if (files.length === 0)
    throw new ModelpackError('not-found', `${repo} has no files`, {
      hint: `see it at https://huggingface.co/${repo}/tree/main`,
    });
  const { kept, leftOut } = selectOf(repo, files, selection);
  return {
    name: repo,
    source: `hf:${repo}`,
    revision: commit,
    ref: isCommit(revision) ? undefined : revision,
    license,
    files: kept,
    leftOut,
  };
}

/** Several models may be asked for at once: a refusal says which one it speaks of. */
function selectOf(repo: string, files: Listing['files'], selection: Selection) {
  try {
    return select(files, selection);
  } catch (error) {
    if (!(error instanceof ModelpackError)) throw error;
    throw new ModelpackError(error.code, `${repo}: ${error.message}`, { hint: error.hint, cause: error });
  }
}
