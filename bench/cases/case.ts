import type { Side } from '../compare.ts';
import type { Stage } from '../stage.ts';

export interface Case {
  readonly name: string;
  /** What is done. */
  readonly title: string;
  /** Of the weights, in bytes, unless told otherwise. */
  readonly size: number;
  /** Measured with each kind of S3. */
  readonly usesS3: boolean;
  /** Ours first: the others are put in relation to it. */
  sides(stage: Stage): Promise<readonly Side[]>;
}
