import type { Gate } from '../budget/check.ts';
import type { Selection } from '../source/source.ts';

/** `modelpack.yaml`, read and checked. Sizes are bytes. */
export interface Config {
  readonly bundles: readonly BundleConfig[];
  /** What `modelpack ci` looks at; undefined for nothing. */
  readonly lint: LintConfig | undefined;
}

export interface LintConfig {
  readonly paths: readonly string[];
  readonly exclude: readonly string[];
  readonly level: 'error' | 'warning' | 'note';
}

export interface BundleConfig {
  readonly name: string;
  readonly sources: readonly SourceConfig[];
  /** `s3://…` or a file; undefined where only the command line says it. */
  readonly destination: string | undefined;
  readonly budgets: BudgetConfig;
  readonly allowPickle: boolean;
  readonly object: ObjectConfig;
}

/** A source as the command line would have it, `name=source@revision`, and which of its files. */
export interface SourceConfig {
  readonly asked: string;
  readonly selection: Selection;
}

export interface BudgetConfig {
  readonly gates: readonly Gate[];
  readonly tmp: number | undefined;
  readonly memory: number | undefined;
  readonly template: string | undefined;
  readonly functions: readonly string[];
  readonly parameters: Readonly<Record<string, string>>;
}

/** How an object in S3 is reached and written. */
export interface ObjectConfig {
  readonly tags: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly storageClass: string | undefined;
  readonly sse: 'AES256' | 'aws:kms' | undefined;
  readonly sseKmsKeyId: string | undefined;
  readonly noClobber: boolean;
  readonly endpointUrl: string | undefined;
  readonly addressing: 'path' | 'virtual' | undefined;
  readonly region: string | undefined;
  readonly checksum: 'auto' | 'none';
}
