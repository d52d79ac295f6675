import type { RepoFile, Storage } from '../options.ts';
import { contentOf, held, type Content } from './content.ts';
import { blobSha1, prepare, sha1Hex, sha256, sha256Hex } from './hash.ts';

/** A file of a commit with the hashes the Hub publishes, computed when first read. */
export class StoredFile {
  readonly path: string;
  readonly storage: Storage;
  readonly content: Content;

  constructor(file: RepoFile) {
    this.path = file.path;
    this.storage = file.storage;
    this.content = contentOf(file.content);
  }

  get size(): number {
    return this.content.size;
  }

  get sha256(): string {
    return sha256(this.content);
  }

  get blobSha1(): string {
    return blobSha1(this.content);
  }

  /** LFS and Xet files: git holds only a pointer. */
  get linked(): boolean {
    return this.storage === 'lfs' || this.storage === 'xet';
  }

  get pointer(): Buffer {
    return Buffer.from(
      `version https://git-lfs.github.com/spec/v1\noid sha256:${this.sha256}\nsize ${this.size}\n`,
    );
  }

  /** The git object: of the pointer for linked files, and then useless for checking content. */
  get oid(): string {
    return this.linked ? blobSha1(held(this.pointer)) : this.blobSha1;
  }

  /** Looks like a sha256 and is not one; any 64 hex digits do, clients must not interpret them. */
  get xetHash(): string | undefined {
    return this.storage === 'xet' ? sha256Hex(`xet ${this.sha256}`) : undefined;
  }

  /** What the CDN answers as ETag: the Xet hash, or what S3 calls a multipart object. */
  get cdnTag(): string {
    return this.xetHash ?? `${sha1Hex(this.sha256).slice(0, 32)}-2`;
  }

  /** The last segment, as browsers save it. */
  get baseName(): string {
    return this.path.slice(this.path.lastIndexOf('/') + 1);
  }

  /** The whole content; for small files. */
  bytes(): Buffer {
    return Buffer.concat([...this.content.chunks(0, this.size)]);
  }

  async prepare(): Promise<void> {
    await prepare(this.linked ? 'sha256' : 'blobSha1', this.content);
  }
}
