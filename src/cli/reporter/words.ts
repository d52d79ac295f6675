import { printable } from '../../printable.ts';
import type { RunEvent } from '../../events.ts';
import { formatCount, formatSize } from '../../size.ts';
import { formatSeconds } from './meter.ts';

/** The events that deserve a line of their own, in words. */
export function words(event: RunEvent, verbose: boolean): string | undefined {
  switch (event.type) {
    case 'resolved': {
      const commit = event.revision === undefined ? '' : `@${event.revision.slice(0, 7)}`;
      return printable(
        `${event.source}${commit}: ${formatCount(event.files, 'file')}, ${formatSize(event.size)}`,
      );
    }
    case 'retry':
      // A short wait is nobody's business; a long one must not look like a hang.
      return verbose || event.wait >= 2
        ? printable(`${event.what}: ${event.reason}; again in ${formatSeconds(event.wait)}`)
        : undefined;
    case 'request':
      return verbose ? printable(`${event.method} ${event.url} ${event.status}`) : undefined;
    case 'note':
      return printable(event.text);
    case 'transfer':
      return event.reused > 0
        ? `${formatSize(event.reused)} of ${formatSize(event.total ?? 0)} are there already`
        : undefined;
    case 'file':
      return verbose ? printable(`checked ${event.path}`) : undefined;
    default:
      return undefined;
  }
}
