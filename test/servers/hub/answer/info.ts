import type { Commit, Repository } from '../store/repository.ts';
import type { StoredFile } from '../store/stored-file.ts';
import { flag, type Ask } from '../wire/ask.ts';
import { json, type Answer } from './answer.ts';
import { Refused, refusals } from './refusal.ts';

/** What `expand` may name; others get 400. */
const expandable = new Set(
  `author baseModels cardData childrenModelCount config createdAt disabled downloads downloadsAllTime evalResults gated
   gguf inference inferenceProviderMapping lastModified library_name likes mask_token model-index pipeline_tag private
   safetensors sha siblings spaces tags transformersInfo trendingScore widgetData usedStorage resourceGroup xetEnabled
   gitalyUid`.split(/\s+/),
);

export function modelInfo(ask: Ask, repository: Repository, revision: string): Answer {
  const commit = repository.findByPrefix(revision);
  if (commit === undefined) throw new Refused(refusals.unknownRevision(revision));
  const wanted = [...ask.query.getAll('expand'), ...ask.query.getAll('expand[]')];
  const unknown = wanted.find((name) => !expandable.has(name));
  if (unknown !== undefined) throw new Refused(refusals.badRequest(`Invalid value for "expand": ${unknown}`));
  const info = describe(repository, commit, flag(ask.query, 'blobs'));
  const security = flag(ask.query, 'securityStatus') && {
    securityRepoStatus: { scansDone: true, filesWithIssues: [] },
  };
  if (wanted.length === 0) return json({ ...info, ...security });
  const { _id, id, ...rest } = info;
  return json({
    _id,
    id,
    ...Object.fromEntries(Object.entries(rest).filter(([name]) => wanted.includes(name))),
  });
}

function describe(repository: Repository, commit: Commit, blobs: boolean): Record<string, unknown> {
  const { id, hexId, spec } = repository;
  const everything = new Map(
    repository.commits().flatMap(({ files }) => [...files.values()].map((f) => [f.content.name, f.size])),
  );
  return {
    _id: hexId,
    id,
    modelId: id,
    author: id.split('/')[0],
    sha: commit.id,
    createdAt: repository.log('HEAD').at(-1)?.date,
    lastModified: commit.date,
    private: spec.private ?? false,
    gated: spec.gated ?? false,
    disabled: spec.disabled ?? false,
    downloads: 42,
    likes: 7,
    tags: spec.tags ?? [],
    ...(spec.cardData !== undefined && { cardData: spec.cardData }),
    spaces: [],
    /** Of all history: not the size of this revision. */
    usedStorage: [...everything.values()].reduce((sum, size) => sum + size, 0),
    siblings: [...commit.files.values()].map((file) => sibling(file, blobs)),
    ...spec.info,
  };
}

/** Spelled differently here than in the tree: `lfs.sha256` and `blobId`, and no Xet hash. */
function sibling(file: StoredFile, blobs: boolean): Record<string, unknown> {
  if (!blobs) return { rfilename: file.path };
  const lfs = { sha256: file.sha256, size: file.size, pointerSize: file.pointer.length };
  return { rfilename: file.path, size: file.size, blobId: file.oid, ...(file.linked && { lfs }) };
}
