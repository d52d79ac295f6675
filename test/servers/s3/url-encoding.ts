import { encode } from './canonical-request.ts';
import { S3Error } from './errors.ts';

/** How keys are written in a listing: as they are, or percent-encoded when encoding-type=url asks for it. */
export function keyEncoder(query: ReadonlyMap<string, string>): (key: string) => string {
  const type = query.get('encoding-type');
  if (type === undefined) return (key) => key;
  if (type !== 'url') {
    throw new S3Error('InvalidArgument', { message: 'Invalid Encoding Method specified in Request' });
  }
  return (key) => key.split('/').map(encode).join('/');
}
