import { ModelpackError } from '../errors.ts';
import { header, type Answer } from './client.ts';

/** Where a redirect leads, if it is one. */
export function locationOf(answer: Answer, base: URL): URL | undefined {
  const location = header(answer.headers, 'location');
  if (answer.status < 300 || answer.status >= 400 || location === undefined) return undefined;
  const target = URL.canParse(location, base.href) ? new URL(location, base) : undefined;
  if (target?.protocol === 'https:' || target?.protocol === 'http:') return target;
  throw new ModelpackError('network', `${base.host} redirects to something that is no web address`);
}
