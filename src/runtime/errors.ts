import { ModelpackError, type ErrorOptions } from '../errors.ts';
import { formatCount } from '../size.ts';

/** There is no such bucket, object or file; or the bundle holds no file of this name. */
export class NotFound extends ModelpackError {
  override readonly name = 'NotFound';
  constructor(message: string, options?: ErrorOptions) {
    super('not-found', message, options);
  }
}

/** S3 denies the object, or does not accept the credentials; or the file may not be read. */
export class AccessDenied extends ModelpackError {
  override readonly name = 'AccessDenied';
  constructor(message: string, options?: ErrorOptions) {
    super('refused', message, options);
  }
}

/** S3 cannot be reached, or was in trouble for too long. */
export class NetworkError extends ModelpackError {
  override readonly name = 'NetworkError';
  constructor(message: string, options?: ErrorOptions) {
    super('network', message, options);
  }
}

/** It is no bundle, it is cut off, or a file's sha256 is not the one in the index. */
export class Corrupt extends ModelpackError {
  override readonly name = 'Corrupt';
  constructor(message: string, options?: ErrorOptions) {
    super('integrity', message, options);
  }
}

/** The object or file was replaced while it was read. */
export class Changed extends ModelpackError {
  override readonly name = 'Changed';
  constructor(location: string, options?: ErrorOptions) {
    super('integrity', `${location} was replaced while it was read`, { hint: 'open it again', ...options });
  }
}

/** The files do not fit into memory. All numbers are bytes. */
export class NoRoom extends ModelpackError {
  override readonly name = 'NoRoom';
  readonly needed: number;
  readonly available: number;
  readonly missing: number;

  constructor(location: string, needed: number, available: number, options?: ErrorOptions) {
    const missing = needed - available;
    const numbers = `needs ${formatCount(needed)} bytes of memory and ${formatCount(available)} are left`;
    super('no-room', `${location} ${numbers}: ${formatCount(missing)} bytes are missing`, options);
    this.needed = needed;
    this.available = available;
    this.missing = missing;
  }
}

/** The same failure as one of these classes; what else was thrown stays what it is. */
export function classified(error: unknown): unknown {
  if (!(error instanceof ModelpackError) || error.constructor !== ModelpackError) return error;
  const { message, cause } = error;
  switch (error.code) {
    case 'not-found':
      return new NotFound(message, { hint: 'check the name; in S3, the region too', cause });
    case 'refused':
      return new AccessDenied(message, { hint: ROLE, cause });
    case 'network':
      return new NetworkError(message, { hint: 'check the route to S3, and try again', cause });
    case 'integrity':
      return new Corrupt(message, {
        hint: 'make it again: modelpack fetch, modelpack upload',
        cause,
      });
    default:
      return error;
  }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, "Permissions" */
const ROLE =
  "the function's role needs s3:GetObject on the object, kms:Decrypt if a key of KMS encrypts it, and s3:ListBucket to be told that an object is missing";
