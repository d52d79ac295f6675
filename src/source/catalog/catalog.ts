/** What a catalog says of one file. */
export interface CatalogFile {
  /** In the model. */
  readonly path: string;
  readonly url: string;
  /** In bytes. */
  readonly size?: number | undefined;
  readonly sha256?: string | undefined;
  /** Where it is the hash that the library checks. */
  readonly md5?: string | undefined;
  /** The file is this member of the zip at `url`. */
  readonly member?: string | undefined;
}

export interface CatalogModel {
  /** The one of its names that all spellings of it lead to. */
  readonly name: string;
  readonly license?: string | undefined;
  readonly files: readonly CatalogFile[];
}

/** Models that stand under fixed names at fixed addresses. */
export interface Catalog {
  /** `clip` in `clip:ViT-B/32`. */
  readonly scheme: string;
  /** How its references are written, for hints. */
  readonly spelling: string;
  /** @throws ModelpackError `not-found` for a name that it does not have, `usage` for one that makes no sense */
  find(name: string): CatalogModel;
}
