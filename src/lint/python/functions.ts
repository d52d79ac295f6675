import { environment, joined, textValue, unknown, type Value } from './value.ts';

/** The values of a call's arguments. */
export interface Values {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

type Known = (values: Values) => Value;

const first: Known = ({ positional: [value] }) => value ?? unknown;
const variable: Known = ({ positional: [name, fallback], named }) =>
  name?.kind === 'text' ? environment(name.text, fallback ?? named.get('default')) : unknown;
const path: Known = ({ positional }) => joined(positional, '/');
const at =
  (place: 'home' | 'working' | 'temporary'): Known =>
  () => ({ kind: 'place', place });

/** What `python/modelpack_runtime.py` says of the folder that it is given, or of what a function's environment names. */
const cacheRoot: Known = ({ positional: [root], named }) =>
  root ?? named.get('root') ?? environment('MODEL_CACHE_FS_PATH', textValue('/tmp/models'));
const cacheVariables: Known = (values) => {
  const root = cacheRoot(values);
  const names = ['MODEL_CACHE_FS_PATH', 'HF_HOME', 'HF_HUB_CACHE', 'EASYOCR_MODULE_PATH'];
  const entries = names.map((name): [string, Value] => [name, root]);
  return { kind: 'table', entries: new Map([...entries, ['HF_HUB_OFFLINE', textValue('1')]]), open: false };
};

/** Functions of which it is known what they do to a path. */
export const knownFunctions: Readonly<Record<string, Known>> = {
  'os.getenv': variable,
  'os.environ.get': variable,
  'os.environ.setdefault': variable,
  'os.environ.pop': variable,
  'decouple.config': variable,
  'environs.Env': variable,
  'environs.Env.str': variable,
  'environs.Env.path': variable,
  'environ.Env': variable,
  'environ.Env.str': variable,
  'os.path.join': path,
  'posixpath.join': path,
  'pathlib.Path': path,
  'pathlib.PurePath': path,
  'pathlib.PosixPath': path,
  'pathlib.PurePosixPath': path,
  str: first,
  'os.fspath': first,
  'os.path.abspath': first,
  'os.path.realpath': first,
  'os.path.normpath': first,
  'os.path.expanduser': first,
  'os.path.expandvars': first,
  'os.path.dirname': ({ positional: [value] }) => parentOf(value ?? unknown),
  'os.getcwd': at('working'),
  'os.path.curdir': at('working'),
  'pathlib.Path.cwd': at('working'),
  'pathlib.Path.home': at('home'),
  'platformdirs.user_cache_dir': at('home'),
  'platformdirs.user_data_dir': at('home'),
  'appdirs.user_cache_dir': at('home'),
  'appdirs.user_data_dir': at('home'),
  'modelpack_runtime.environment': cacheVariables,
  'tempfile.gettempdir': at('temporary'),
  'tempfile.mkdtemp': at('temporary'),
  'tempfile.mktemp': at('temporary'),
  'tempfile.TemporaryDirectory': at('temporary'),
};

/** Methods of paths and texts, by what they leave of where it leads. */
export const knownMethods: Readonly<Record<string, (self: Value, values: Values) => Value>> = {
  joinpath: (self, { positional }) => joined([self, ...positional], '/'),
  // Behind the first hole nothing is sure.
  format: (self) =>
    self.kind === 'text' && self.text.includes('{')
      ? joined([textValue(self.text.slice(0, self.text.indexOf('{'))), unknown], '')
      : self,
  ...Object.fromEntries(
    ['resolve', 'absolute', 'expanduser', 'as_posix', 'strip', 'rstrip', 'lstrip', 'with_suffix'].map(
      (name) => [name, (self: Value) => self],
    ),
  ),
};

/** The folder of a path. */
export function parentOf(value: Value): Value {
  if (value.kind === 'text') {
    const cut = value.text.lastIndexOf('/');
    return textValue(cut < 0 ? '.' : value.text.slice(0, Math.max(cut, 1)));
  }
  if (value.kind === 'joined') {
    const last = value.parts.at(-1);
    const rest = value.parts.slice(0, -1);
    return last?.kind === 'text' && last.text.includes('/')
      ? joined([...rest, parentOf(last)], '')
      : joined(rest, '');
  }
  return value;
}
