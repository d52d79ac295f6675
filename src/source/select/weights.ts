import { type Format, formatOfFolder, formatOfName, formats, original } from './formats.ts';
import { baseName, folderOf, type Listed, type Reasons } from './listing.ts';
import { indexedName, weightName, type WeightName } from './weight-name.ts';

/** A file that holds weights, or the index of such files. */
export interface Weight extends Listed, WeightName {
  readonly format: Format;
  /** As the authors first published it. */
  readonly original: boolean;
  /** A copy of other weights by its folder or format: an export, a conversion, the original of a conversion. */
  readonly derived: boolean;
  /** The folder that belongs to one copy as a whole, such as `onnx`. */
  readonly folder: string | undefined;
  /** The folder of the part of the model it is a copy of: `unet` for both `unet/x.bin` and `onnx/unet/model.onnx`. */
  readonly component: string;
}

/** The files among `files` that hold weights. */
export function weightsOf(files: readonly Listed[]): Weight[] {
  const found = withoutOrphans(recognised(files));
  const components = new Set(found.filter((weight) => !weight.derived).map((weight) => weight.component));
  return found.map((weight) => ({ ...weight, component: componentOf(weight, components) }));
}

/** Indexes that were forgotten when their shards went: a loader that finds one looks for shards, and fails. */
export function orphans(files: readonly Listed[]): Reasons {
  const found = recognised(files);
  const place = (weight: Pick<Weight, 'path' | 'format'>) => `${folderOf(weight.path)}\n${weight.format}`;
  const places = new Set(found.filter((weight) => !weight.isIndex).map(place));
  const lost = found.filter((weight) => weight.isIndex && !places.has(place(weight)));
  return new Map(lost.map((weight) => [weight.path, 'an index of weights that are not there']));
}

/** What two variants, or two shards, of the same file have in common. */
export function sameFile(weight: Weight): string {
  return [folderOf(weight.path), weight.format, weight.original, weight.stem].join('\n');
}

function recognised(files: readonly Listed[]) {
  const paths = new Set(files.map((file) => file.path.toLowerCase()));
  return files.flatMap((file) => recognise(file, paths) ?? []);
}

/** An index of files with other names than its own says nothing about what there is. */
function withoutOrphans(weights: readonly Weight[]): Weight[] {
  const real = new Set(weights.filter((weight) => !weight.isIndex).map(listedTogether));
  return weights.filter((weight) => real.has(listedTogether(weight)));
}

function listedTogether({ path, format, stem, variant }: Weight): string {
  return [folderOf(path), format, stem, variant].join('\n');
}

function recognise(file: Listed, paths: ReadonlySet<string>): Weight | undefined {
  const lower = file.path.toLowerCase();
  const name = baseName(lower);
  const whole = wholeFolder(file.path);
  const named = isOpenVinoPair(lower, paths) ? 'openvino' : formatOfName(indexedName(name));
  const inPackage = whole !== undefined && /\.ml(?:modelc|package)$/i.test(whole.folder);
  if (named === undefined && !inPackage) return undefined;
  const format = whole?.format ?? named ?? 'coreml';
  const isOriginal = whole === undefined ? original.isNamed(name) : whole.format === undefined;
  return {
    path: file.path,
    size: file.size,
    ...weightName(name),
    format,
    original: isOriginal,
    derived: whole !== undefined || formats[format].derived,
    folder: whole?.folder,
    component: vae(folderOf(file.path)),
  };
}

/** The outermost folder around `path` that belongs to one copy; without a format it is that of the originals. */
function wholeFolder(path: string): { folder: string; format: Format | undefined } | undefined {
  for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
    const folder = path.slice(0, end);
    const name = baseName(folder).toLowerCase();
    const format = formatOfFolder(name);
    if (format !== undefined || original.isFolder(name)) return { folder, format };
  }
  return undefined;
}

/** OpenVINO writes every model as `x.xml` and `x.bin`. */
function isOpenVinoPair(path: string, paths: ReadonlySet<string>): boolean {
  return (
    (path.endsWith('.bin') && paths.has(path.replace(/bin$/, 'xml'))) ||
    (path.endsWith('.xml') && paths.has(path.replace(/xml$/, 'bin')))
  );
}

function componentOf(weight: Weight, components: ReadonlySet<string>): string {
  // Quantisations are sorted into folders by size or name, and each is the whole model.
  if (weight.format === 'gguf') return '';
  if (weight.folder === undefined) return weight.component;
  const above = folderOf(weight.folder);
  const inside = weight.component.slice(weight.folder.length + 1);
  const same = [above, inside].filter((part) => part !== '').join('/');
  return components.has(same) ? same : above;
}

/** Exports of a pipeline have two folders where the pipeline has one. */
function vae(folder: string): string {
  return folder.replace(/(^|\/)vae_(?:de|en)coder$/, '$1vae');
}
