import type { IncomingHttpHeaders } from 'node:http';

/** The first value of a header; a header sent twice keeps its first value. */
export function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
