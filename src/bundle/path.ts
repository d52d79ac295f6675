import { ModelpackError } from '../errors.ts';
import { quoted } from '../printable.ts';

// A component of a path may not be longer on ext4, APFS and NTFS; a path on Linux (PATH_MAX) not longer than this.
const MAX_COMPONENT_BYTES = 255;
const MAX_PATH_BYTES = 4095;

const rules: readonly (readonly [broken: (path: string) => boolean, what: string])[] = [
  [(path) => path === '', 'is empty'],
  [(path) => /\p{Surrogate}/u.test(path), 'is no valid Unicode'],
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  [(path) => /[\u0000-\u001f\u007f-\u009f]/.test(path), 'has a control character'],
  [(path) => path.includes('\\'), 'has a backslash'],
  [(path) => path.startsWith('/'), 'is absolute'],
  [(path) => /^[A-Za-z]:/.test(path), 'names a drive'],
  [(path) => path.split('/').some((part) => part === '..' || part === '.'), 'has a "." or ".." segment'],
  [(path) => path.split('/').includes(''), 'has an empty segment'],
  [(path) => path.split('/').some((part) => Buffer.byteLength(part) > MAX_COMPONENT_BYTES), 'is too long'],
  [(path) => Buffer.byteLength(path) > MAX_PATH_BYTES, 'is too long'],
];

const EXCLUDE =
  'nothing was written: such a file could end up outside its folder; leave it out with --exclude';

/**
 * Refuses a path that could leave its folder, on any operating system.
 *
 * @throws ModelpackError `integrity`, naming the path (escaped) and `where` it came from
 */
export function checkPath(path: string, where: string, hint: string = EXCLUDE): void {
  const broken = rules.find(([isBroken]) => isBroken(path));
  if (broken === undefined) return;
  throw new ModelpackError('integrity', `${where}: the path ${quoted(path)} ${broken[1]}`, {
    hint,
  });
}

/**
 * Refuses two files at one path, and a file where another one needs a folder.
 *
 * @throws ModelpackError `usage`, with the way out
 */
export function checkDistinct(paths: readonly string[]): void {
  const seen = new Set<string>();
  for (const path of paths) {
    if (seen.has(path)) throw conflict(`two files at ${quoted(path)}`);
    seen.add(path);
  }
  for (const path of paths) {
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      const folder = path.slice(0, slash);
      if (seen.has(folder)) throw conflict(`${quoted(folder)} is a file and a folder`);
    }
  }
}

function conflict(what: string): ModelpackError {
  return new ModelpackError('usage', `the bundle would hold ${what}`, {
    hint: 'give one of the models another name: modelpack fetch name=source …',
  });
}
