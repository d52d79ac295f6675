import type { Value } from './value.ts';

/** Where on Lambda a path leads. */
export type Place =
  /** `/tmp`, the only disk that can be written. */
  | 'temporary'
  /** `/mnt`, a file system of one's own. */
  | 'mount'
  /** Read-only, but there: the function's code, its layers and its image. */
  | 'image'
  | 'home'
  | 'relative'
  | 'elsewhere'
  /** None: as if the argument were not there. */
  | 'nothing'
  | 'unknown';

/** One of the paths that an expression may be, and who says which. */
export interface Whereabouts {
  readonly place: Place;
  readonly by: 'environment' | 'caller' | 'code' | 'unknown';
  /** The variable or the parameter. */
  readonly name?: string;
  /** The path as far as it is known. */
  readonly text?: string;
  /** Only if the variable is not set, or the caller gives nothing. */
  readonly fallback?: boolean;
}

export function whereabouts(value: Value): readonly Whereabouts[] {
  switch (value.kind) {
    case 'text':
      return [{ by: 'code', place: placeOf(value.text), text: value.text }];
    case 'constant':
      return [{ by: 'code', place: value.value === null || value.value === false ? 'nothing' : 'unknown' }];
    case 'place':
      return [{ by: value.place === 'temporary' ? 'environment' : 'code', ...ofPlace[value.place] }];
    case 'environment': {
      const special = specialVariables[value.variable];
      const own: Whereabouts = special ?? { by: 'environment', place: 'unknown', name: value.variable };
      return [own, ...fallbackOf(value.fallback)];
    }
    case 'parameter':
      return [{ by: 'caller', place: 'unknown', name: value.name }, ...fallbackOf(value.fallback)];
    case 'either':
      return value.values.flatMap(whereabouts);
    case 'joined': {
      const [first, ...rest] = value.parts;
      const later = rest.flatMap(whereabouts).find(({ by }) => by === 'environment' || by === 'caller');
      return whereabouts(first!).map((each) => {
        // `f"/tmp/{os.environ['STAGE']}"` is under /tmp, and the environment says where.
        if (later !== undefined && each.by === 'code') return { ...each, by: later.by, name: later.name! };
        return each;
      });
    }
    default:
      return [{ by: 'unknown', place: 'unknown' }];
  }
}

function fallbackOf(value: Value | undefined): Whereabouts[] {
  return value === undefined ? [] : whereabouts(value).map((each) => ({ ...each, fallback: true }));
}

const ofPlace = {
  home: { place: 'home', text: '~' },
  code: { place: 'image', text: 'the folder of the code' },
  working: { place: 'relative', text: 'the working directory' },
  temporary: { place: 'temporary' },
} as const;

/** Variables whose value Lambda itself sets. */
const specialVariables: Readonly<Record<string, Whereabouts>> = {
  HOME: { by: 'code', place: 'home', text: '$HOME' },
  USERPROFILE: { by: 'code', place: 'home', text: '$USERPROFILE' },
  LAMBDA_TASK_ROOT: { by: 'code', place: 'image', text: '$LAMBDA_TASK_ROOT' },
  LAMBDA_RUNTIME_DIR: { by: 'code', place: 'image', text: '$LAMBDA_RUNTIME_DIR' },
};

/** Of a path as it stands, on Lambda. */
export function placeOf(path: string): Place {
  if (path === '' || /^[a-z][a-z0-9+.-]*:\/\//i.test(path)) return 'unknown';
  if (path.startsWith('~') || /^(?:\/home|\/root)(?:\/|$)/.test(path)) return 'home';
  if (/^\$\{?HOME\b/.test(path)) return 'home';
  if (path.startsWith('$')) return 'unknown';
  if (!path.startsWith('/')) return 'relative';
  if (/^\/tmp(?:\/|$)/.test(path)) return 'temporary';
  if (/^\/mnt(?:\/|$)/.test(path)) return 'mount';
  if (/^\/(?:opt|var\/task|var\/lang|var\/runtime|usr)(?:\/|$)/.test(path)) return 'image';
  return 'elsewhere';
}

export function isWritable(place: Place): boolean {
  return place === 'temporary' || place === 'mount';
}
