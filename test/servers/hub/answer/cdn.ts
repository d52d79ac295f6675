import type { Ask } from '../wire/ask.ts';
import type { World } from '../world.ts';
import { html, xml, type Answer } from './answer.ts';
import { disposition, expired, isValid } from './ticket.ts';

/**
 * The other origin: plain bytes for whoever holds a signed URL, and no word about the repository.
 * It does not call itself CloudFront (`X-Cache`): @huggingface/hub would then reuse a URL that was issued for
 * `bytes=0-0` for other ranges, which a bound URL does not allow.
 */
export function cdnAnswer(world: World, ask: Ask): Answer {
  if (ask.token !== undefined) {
    return xml(
      400,
      'InvalidArgument',
      'Only one auth mechanism allowed; the request has both a signature and an Authorization header',
    );
  }
  const ticket = world.tickets.find(ask);
  if (ticket === undefined || !isValid(ticket, ask)) return expired;
  const { file } = ticket;
  const limit = world.options.refuseRangelessAbove ?? Infinity;
  if (file.size > limit && ask.headers.range === undefined) return html(400, '<h1>400</h1>');
  return {
    status: 200,
    headers: {
      'Content-Type': 'application/octet-stream',
      'Content-Disposition': disposition(file.baseName),
      ETag: `"${file.cdnTag}"`,
      'X-Hf-Cdn-Pop': 'aws-us-east-1',
    },
    payload: { kind: 'file', content: file.content, compressible: false, origin: 'cdn' },
  };
}
