import type { Side } from '../compare.ts';
import type { S3Kind } from '../servers/s3.ts';
import type { Stage } from '../stage.ts';

export interface Case {
  readonly name: string;
  /** What is done. */
  readonly title: string;
  /** Of the weights, in bytes, unless told otherwise. */
  readonly size: number;
  /** Measured with each kind of S3. */
  readonly usesS3: boolean;
  /** Which kinds, unless told otherwise. */
  readonly s3?: readonly S3Kind[];
  /** Its memory is told as a multiple of the size. */
  readonly multiples?: boolean;
  /** False where our side is no program of Node, into which `--profile` could look. */
  readonly node?: boolean;
  /** Ours first: the others are put in relation to it. */
  sides(stage: Stage): Promise<readonly Side[]>;
}
