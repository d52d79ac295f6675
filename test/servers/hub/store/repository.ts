import type { Repo, RepoFile } from '../options.ts';
import { sha1Hex } from './hash.ts';
import { StoredFile } from './stored-file.ts';

export interface Commit {
  readonly id: string;
  readonly title: string;
  readonly date: string;
  /** In the order the test gave them, which is the order the tree lists them in. */
  readonly files: ReadonlyMap<string, StoredFile>;
}

export interface Ref {
  readonly kind: 'branches' | 'tags' | 'converts' | 'pullRequests';
  readonly name: string;
  readonly ref: string;
  /** Oldest first, never empty. */
  readonly history: Commit[];
}

const DAY = 86_400_000;

/** One repository and everything that ever happened to it. */
export class Repository {
  readonly spec: Repo;
  /** Mongo's id: in model info and in CDN paths. */
  readonly hexId: string;
  readonly refs: readonly Ref[];

  constructor(spec: Repo) {
    this.spec = spec;
    this.hexId = sha1Hex(spec.id).slice(0, 24);
    this.refs = Object.entries(spec.revisions).map(([name, files]) => ({
      ...describeRef(name),
      history: [commitOf(spec.id, files, 1)],
    }));
  }

  get id(): string {
    return this.spec.id;
  }

  /** A branch, tag, `refs/…`, `HEAD` or a full commit id; undefined if there is none. */
  find(revision: string): Commit | undefined {
    if (/^[0-9a-f]{40}$/.test(revision)) return this.commits().find(({ id }) => id === revision);
    return this.#ref(revision)?.history.at(-1);
  }

  /** Only `/revision/` also takes a prefix of a commit id. */
  findByPrefix(revision: string): Commit | undefined {
    const prefix = /^[0-9a-f]{5,39}$/.test(revision);
    return (
      this.find(revision) ?? (prefix ? this.commits().find((c) => c.id.startsWith(revision)) : undefined)
    );
  }

  /** The commits a revision has behind it, newest first. */
  log(revision: string): readonly Commit[] {
    const history =
      this.#ref(revision)?.history ??
      this.refs.find((ref) => ref.history.some((c) => c.id === revision))?.history;
    if (history === undefined) return [];
    const head = this.#ref(revision) ? history.length - 1 : history.findIndex((c) => c.id === revision);
    return history.slice(0, head + 1).toReversed();
  }

  commits(): readonly Commit[] {
    return this.refs.flatMap(({ history }) => history);
  }

  /** Adds a commit with exactly these files to a branch. */
  move(revision: string, files: readonly RepoFile[]): Commit {
    const ref = this.#ref(revision);
    if (ref === undefined) throw new Error(`${this.id} has no revision ${revision}`);
    const commit = commitOf(this.id, files, ref.history.length + 1);
    ref.history.push(commit);
    return commit;
  }

  #ref(revision: string): Ref | undefined {
    if (revision === 'HEAD') return this.refs.find(({ name }) => name === 'main') ?? this.refs[0];
    return this.refs.find(
      ({ kind, name, ref }) => ref === revision || (kind !== 'pullRequests' && name === revision),
    );
  }
}

function describeRef(name: string): Omit<Ref, 'history'> {
  const [, folder, rest] = /^refs\/(tags|pr|convert)\/(.+)$/.exec(name) ?? [];
  if (folder === undefined || rest === undefined)
    return { kind: 'branches', name, ref: `refs/heads/${name}` };
  const kind = ({ tags: 'tags', pr: 'pullRequests', convert: 'converts' } as const)[folder];
  return { kind: kind ?? 'branches', name: rest, ref: name };
}

/** The id depends on the repository and its files alone: the same in every run, the same for a tag and its branch. */
function commitOf(repoId: string, list: readonly RepoFile[], number: number): Commit {
  const files = new Map(list.map((file) => [file.path, new StoredFile(file)]));
  const listing = [...files.values()].map((f) => `${f.path}\0${f.storage}\0${f.content.name}\n`).toSorted();
  return {
    id: sha1Hex(`${repoId}\n${listing.join('')}`),
    title: number === 1 ? 'initial commit' : `commit ${number}`,
    date: new Date(Date.UTC(2024, 0, 1) + number * DAY).toISOString(),
    files,
  };
}
