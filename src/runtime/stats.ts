import { MiB } from '../bytes.ts';
import { formatCount, formatSize } from '../size.ts';

/** What opening a bundle took. */
export interface OpenStats {
  /** When it began, in milliseconds since 1970. */
  readonly opened: number;
  /** That were read, the index included. */
  readonly bytes: number;
  readonly seconds: number;
  /** In units of 1024² bytes. */
  readonly megabytesPerSecond: number;
  readonly requests: number;
  readonly retries: number;
}

export function statsOf(told: Omit<OpenStats, 'megabytesPerSecond'>): OpenStats {
  const seconds = Math.max(0.001, told.seconds);
  return { ...told, megabytesPerSecond: Math.round((told.bytes / MiB / seconds) * 10) / 10 };
}

/** The one line for the log. */
export function lineOf(location: string, stats: OpenStats): string {
  const { bytes, seconds, megabytesPerSecond: speed, requests, retries } = stats;
  return [
    `modelpack: opened ${location}: ${formatSize(bytes)} in ${seconds.toFixed(2)} s`,
    `${Math.round(speed)} MB/s`,
    formatCount(requests, 'request'),
    retries === 1 ? '1 retry' : `${formatCount(retries)} retries`,
  ].join(', ');
}

/** Metrics of CloudWatch by their name, and what they count in. */
const metrics = {
  Bytes: ['bytes', 'Bytes'],
  Seconds: ['seconds', 'Seconds'],
  MegabytesPerSecond: ['megabytesPerSecond', 'Megabytes/Second'],
  Requests: ['requests', 'Count'],
  Retries: ['retries', 'Count'],
} as const satisfies Record<string, readonly [keyof OpenStats, string]>;

/**
 * The same for CloudWatch: one line of JSON in the log makes metrics of it.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function metricsOf(
  { location, id }: { readonly location: string; readonly id: string },
  stats: OpenStats,
  namespace: string,
): Record<string, unknown> {
  const name = process.env['AWS_LAMBDA_FUNCTION_NAME'] ?? '';
  const own = name === '' ? {} : { FunctionName: name };
  const described = Object.entries(metrics).map(([metric, [, unit]]) => ({ Name: metric, Unit: unit }));
  return {
    _aws: {
      Timestamp: stats.opened,
      CloudWatchMetrics: [{ Namespace: namespace, Dimensions: [Object.keys(own)], Metrics: described }],
    },
    ...own,
    Bundle: location,
    BundleId: id,
    ...Object.fromEntries(Object.entries(metrics).map(([metric, [key]]) => [metric, stats[key]])),
  };
}
