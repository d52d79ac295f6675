import type { RunEvent } from '../../events.ts';
import { formatCount, formatSize } from '../../size.ts';

/** What is known of a run so far, and the one line that says it. */
export interface Meter {
  take(event: RunEvent): void;
  line(): string;
}

/** The rate is that of the last seconds: a run that stalls should look as if it did. */
const WINDOW_MS = 5_000;

const doing = {
  fetch: 'fetching',
  upload: 'uploading',
  verify: 'verifying',
  unpack: 'unpacking',
} as const;

export function meter(now: () => number = Date.now): Meter {
  let phase = '';
  let total: number | undefined;
  let done = 0;
  let files = 0;
  let checked = 0;
  let moving = false;
  const samples: { at: number; done: number }[] = [];

  function take(event: RunEvent): void {
    switch (event.type) {
      case 'resolving':
        phase = `asking for ${event.source}`;
        break;
      case 'preparing':
        phase = `reading files for their hash ${event.done}/${event.total}`;
        break;
      case 'looking':
        phase = `looking into pickles ${event.done}/${event.total}`;
        break;
      case 'transfer':
        moving = true;
        phase = `${doing[event.verb]} ${event.to}`;
        total = event.total;
        done = event.reused;
        files = event.files;
        checked = 0;
        samples.splice(0, samples.length, { at: now(), done });
        break;
      case 'bytes':
        done = Math.min(total ?? Number.POSITIVE_INFINITY, done + event.count);
        break;
      case 'file':
        checked += 1;
        break;
      default:
        break;
    }
  }

  function rate(): number {
    const at = now();
    samples.push({ at, done });
    while (samples.length > 2 && at - samples[0]!.at > WINDOW_MS) samples.shift();
    const first = samples[0]!;
    return at > first.at ? ((done - first.done) * 1000) / (at - first.at) : 0;
  }

  function line(): string {
    if (!moving) return done === 0 ? phase : `${phase}  ${formatSize(done)}`;
    const speed = rate();
    const pace = speed > 0 ? `${formatSize(speed)}/s` : '';
    const checks = files > 0 ? `${checked}/${formatCount(files, 'file')}` : '';
    return [phase, ...progress(speed, pace), checks].filter((part) => part !== '').join('  ');
  }

  /** How far it is and how much is left; of a pipe nobody knows that. */
  function progress(speed: number, pace: string): string[] {
    if (total === undefined) return [formatSize(done), pace];
    const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
    const left = speed > 0 ? `ETA ${formatSeconds((total - done) / speed)}` : '';
    return [`${percent} %`, `${formatSize(done)} of ${formatSize(total)}`, pace, left];
  }

  return { take, line };
}

/** How long something took. */
export function formatDuration(seconds: number): string {
  return seconds < 10 ? `${seconds.toFixed(1)} s` : formatSeconds(seconds);
}

export function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
