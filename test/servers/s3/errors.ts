// The refusals of S3: the status that goes with each code, and the sentence used when a caller has none better.
// Codes and statuses: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html

const REFUSALS = {
  AccessDenied: [403, 'Access denied'],
  AuthorizationHeaderMalformed: [400, 'The Authorization header cannot be read'],
  AuthorizationQueryParametersError: [400, 'The X-Amz-* query parameters cannot be read'],
  BadDigest: [400, 'The digest you sent is not the digest of what was received'],
  BadRequest: [400, 'Bad request'],
  BucketAlreadyOwnedByYou: [409, 'You already own a bucket of this name'],
  BucketNotEmpty: [409, 'The bucket still holds objects'],
  EntityTooLarge: [400, 'The upload is larger than the maximum object size'],
  EntityTooSmall: [400, 'Every part but the last must have the minimum part size'],
  IllegalLocationConstraintException: [400, 'The location constraint is not the region of this endpoint'],
  IncompleteBody: [400, 'The body does not have the number of bytes its headers announce'],
  InternalError: [500, 'The server met an error of its own; please try again'],
  InvalidAccessKeyId: [403, 'The access key id is not known here'],
  InvalidArgument: [400, 'Invalid argument'],
  InvalidBucketName: [400, 'The bucket name is not valid'],
  InvalidChunkSizeError: [403, 'Only the last chunk may be smaller than 8192 bytes'],
  InvalidDigest: [400, 'The Content-MD5 header is not a base64 MD5'],
  InvalidEncryptionAlgorithmError: [400, 'The encryption must be AES256, aws:kms or aws:kms:dsse'],
  InvalidObjectState: [403, 'The object is archived and must be restored before it can be read'],
  InvalidPart: [400, 'A listed part was not uploaded, or its ETag or checksum is another one'],
  InvalidPartNumber: [416, 'The object has no such part'],
  InvalidPartOrder: [400, 'The parts must be listed in ascending order'],
  InvalidRange: [416, 'The requested range lies outside the object'],
  InvalidRequest: [400, 'Invalid request'],
  InvalidStorageClass: [400, 'The storage class is not valid'],
  InvalidTag: [400, 'The tags cannot be read'],
  InvalidURI: [400, 'The URI cannot be parsed'],
  KeyTooLongError: [400, 'The key is longer than 1024 bytes'],
  MalformedTrailerError: [400, 'The trailer is not well-formed or not the one that was announced'],
  MalformedXML: [400, 'The XML is not well-formed or not of the expected shape'],
  MaxMessageLengthExceeded: [400, 'The request is too big'],
  MetadataTooLarge: [400, 'The metadata is larger than 2048 bytes'],
  MethodNotAllowed: [405, 'The method is not allowed on this resource'],
  MissingContentLength: [411, 'The Content-Length header is required'],
  NoSuchBucket: [404, 'The bucket does not exist'],
  NoSuchKey: [404, 'The key does not exist'],
  NoSuchUpload: [404, 'The multipart upload does not exist: it was completed, aborted or never begun'],
  NotImplemented: [501, 'This server does not implement what the request asks for'],
  NotModified: [304, 'Not modified'],
  PreconditionFailed: [412, 'At least one of the preconditions does not hold'],
  RequestTimeTooSkewed: [403, 'The clocks of client and server are too far apart'],
  SignatureDoesNotMatch: [403, 'The signature is not the one calculated here; check the secret key'],
  XAmzContentSHA256Mismatch: [400, 'The x-amz-content-sha256 header is not the SHA-256 of what was received'],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type ErrorCode = keyof typeof REFUSALS;

export interface Refusal {
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Further elements of the XML answer, such as the Region that was expected. */
  readonly details?: Readonly<Record<string, string | number>>;
}

export class S3Error extends Error {
  override readonly name = 'S3Error';
  readonly code: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly details: Readonly<Record<string, string | number>>;

  constructor(code: ErrorCode, refusal: Refusal = {}) {
    const [status, message] = REFUSALS[code];
    super(refusal.message ?? message);
    this.code = code;
    this.status = status;
    this.headers = refusal.headers ?? {};
    this.details = refusal.details ?? {};
  }
}
