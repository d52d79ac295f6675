export { fetchBundle, type FetchOptions, type FetchResult } from './verbs/fetch.ts';
export { uploadFile, type UploadOptions, type UploadResult } from './verbs/upload.ts';
export { uploadStream } from './verbs/upload-stream.ts';
export { listUploads, type UploadRow, type UploadsOptions, type UploadsResult } from './verbs/uploads.ts';
export {
  diff,
  type BundleDiff,
  type BundleFacts,
  type DiffOptions,
  type DiffResult,
  type FileDiff,
  type ModelDiff,
} from './verbs/diff.ts';
export { readTemplate } from './verbs/template.ts';
export { sizeCheck, type SizeCheckOptions, type SizeChecked } from './verbs/size-check.ts';
export { unpackBundle, type UnpackOptions, type UnpackResult } from './verbs/unpack.ts';
export {
  lintPaths,
  writeFixes,
  type FileFix,
  type Linted,
  type LintOptions,
  type LintReport,
  type ReportedFinding,
} from './verbs/lint.ts';
export {
  lockProject,
  type LockedChange,
  type LockProjectOptions,
  type LockResult,
} from './verbs/lock-project.ts';
export {
  runCi,
  type CiBundle,
  type CiOptions,
  type CiResult,
  type CiRun,
  type Upstream,
} from './verbs/ci.ts';
export { initProject, type InitOptions, type InitResult } from './verbs/init.ts';
export { frozen, upstream, type Declared, type DeclaredSource } from './verbs/declared.ts';
export { findProject, type Project } from './project.ts';
export { decodeLock } from './lock/decode.ts';
export { encodeLock } from './lock/encode.ts';
export type { Lock, LockedBundle, LockedModel } from './lock/lock.ts';
export type { BundleConfig, Config } from './config/config.ts';
export { environmentOf, type EnvOptions } from './verbs/env.ts';
export { writeRuntime, type RuntimeKind, type RuntimeOptions, type RuntimeResult } from './verbs/runtime.ts';
export {
  inspectBundle,
  verifyBundle,
  type InspectedFile,
  type InspectedModel,
  type InspectOptions,
  type InspectResult,
  type VerifyResult,
} from './verbs/inspect.ts';

export { hub } from './source/hub/hub.ts';
export { canonicalEndpoint, type HubSettings, type Token } from './source/hub/settings.ts';
export { catalogs, type CatalogSettings } from './source/catalog/catalogs.ts';
export { web, type WebSettings } from './source/web/web.ts';
export { automatic, resolver, type Resolve } from './source/sources.ts';
export { httpClient, type ClientOptions, type HttpClient, type Proxies } from './http/client.ts';
export type { LeftOut, Model, ModelFile, Selection, Source, WeightFormat, Weights } from './source/source.ts';

export { fileDestination, type FileDestinationOptions } from './sink/file-destination.ts';
export { s3Destination, type S3DestinationOptions } from './sink/s3-destination.ts';
export type { FolderLayout } from './sink/folder/layout.ts';
export type { Destination, Sink, Writer } from './sink/sink.ts';
export type { Part } from './parts.ts';
export { s3Client, type S3Settings } from './s3/client.ts';
export { parseS3Url, type S3Url } from './s3/url.ts';
export type { ObjectAttributes } from './s3/attributes.ts';
export { openDisk, type DiskFile } from './disk.ts';
export { openObject } from './s3/content.ts';
export type { Content, Stored } from './bytes.ts';

export type { Pickled } from './weights/file.ts';
export type { Pickle } from './weights/pickles.ts';
export type { Bundle } from './bundle/bundle.ts';
export type { Index, IndexFile, IndexModel } from './bundle/contents.ts';
export type { Budget, BudgetName, FunctionSettings, Gate } from './budget/check.ts';
export type { FunctionReport, SizeReport, Template } from './budget/report.ts';
export type { ConfigurationOptions } from './template/configuration.ts';
export type { Finding, Level } from './lint/finding.ts';
export type { Environment, EnvironmentVariable } from './cache-paths/environment.ts';

export { ModelpackError, type ErrorCode } from './errors.ts';
export type { Report, Run, RunEvent } from './events.ts';
