import type { File } from '../finding.ts';

/** What a file of a deployment says of functions and their variables. */
export interface Deployment {
  readonly path: string;
  readonly kind: 'cloudformation' | 'serverless' | 'dockerfile' | 'terraform' | 'requirements' | 'given';
  readonly functions: readonly DeployedFunction[];
  readonly file: File;
  /** The versions of packages for the code in a folder, as they are written: `==4.57.1`. */
  readonly requires?: { readonly folder: string; readonly pins: ReadonlyMap<string, string> };
}

export interface DeployedFunction {
  readonly name: string;
  /** The folder of its code, as a path; undefined where the file does not say. */
  readonly folder: string | undefined;
  /** Its entry point as `module.function`, if it is Python. */
  readonly handler: string | undefined;
  readonly variables: ReadonlyMap<string, DeployedVariable>;
}

export interface DeployedVariable {
  /** Undefined where it is made from something else. */
  readonly value: string | undefined;
  /** Offsets of its name. */
  readonly from: number;
  readonly to: number;
}

/** A function whose variables are those of all, then its own. */
export function merged(
  ...layers: readonly (ReadonlyMap<string, DeployedVariable> | undefined)[]
): ReadonlyMap<string, DeployedVariable> {
  return new Map(layers.flatMap((layer) => [...(layer ?? [])]));
}
