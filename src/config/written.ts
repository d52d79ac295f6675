import type { Gate } from '../budget/check.ts';
import type { Weights } from '../source/source.ts';
import type { LintConfig } from './config.ts';

/** `modelpack.yaml` as it stands there, once `schema.ts` has allowed it. */
export interface WrittenConfig {
  readonly bundles: Readonly<Record<string, WrittenBundle>>;
  readonly lint?: Partial<LintConfig> | boolean;
}

export interface WrittenSelection {
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly weights?: Weights;
  readonly all?: boolean;
}

export type WrittenSource = string | WrittenSourceObject;

export interface WrittenSourceObject extends WrittenSelection {
  readonly source: string;
  readonly name?: string;
  readonly revision?: string;
}

export interface WrittenBundle extends WrittenSelection {
  readonly sources: readonly WrittenSource[];
  readonly destination?: string;
  readonly budgets?: {
    readonly gates?: readonly Gate[];
    readonly tmp?: string;
    readonly memory?: string;
    readonly template?: string;
    readonly functions?: readonly string[];
    readonly parameters?: Readonly<Record<string, string>>;
  };
  readonly 'allow-pickle'?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly 'storage-class'?: string;
  readonly sse?: 'AES256' | 'aws:kms';
  readonly 'sse-kms-key-id'?: string;
  readonly 'no-clobber'?: boolean;
  readonly 'endpoint-url'?: string;
  readonly addressing?: 'path' | 'virtual';
  readonly region?: string;
  readonly checksum?: 'auto' | 'none';
}
