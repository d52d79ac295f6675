/** What a file is by its first bytes, where that decides who unpickles what of it. */
export type Signature = 'zip' | 'array' | 'tar' | 'compressed' | 'pickle' | 'unknown';

/** Of a tar, one block: who asks for the signature gives as many bytes, or the whole file. */
export const HEAD = 512;

const array = Buffer.from('\x93NUMPY', 'latin1');
const zip = Buffer.from('PK\x03\x04');
const emptyZip = Buffer.from('PK\x05\x06');

/** gzip, bzip2, xz, lzma, LZ4, Zstandard, zlib: joblib.load unpacks them by these bytes. */
const compressions = ['\x1f\x8b', 'BZ', '\xfd7zXZ', '\x5d\x00\x00', '\x04"M\x18', '(\xb5/\xfd', '\x78'].map(
  (text) => Buffer.from(text, 'latin1'),
);

export function signatureOf(head: Buffer): Signature {
  const begins = (magic: Buffer) => head.subarray(0, magic.length).equals(magic);
  if (begins(zip) || begins(emptyZip)) return 'zip';
  if (begins(array)) return 'array';
  if (isTar(head)) return 'tar';
  if (head[0] === 0x80 && (head[1] ?? 0xff) <= 5) return 'pickle'; // PROTO, which protocols 0 and 1 have not
  return compressions.some(begins) ? 'compressed' : 'unknown';
}

/**
 * Whether Python's tarfile takes the first block for a header: by its checksum alone.
 * https://github.com/python/cpython/blob/main/Lib/tarfile.py
 */
function isTar(head: Buffer): boolean {
  if (head.length < HEAD) return false;
  const field = head.subarray(148, 156);
  const others = [...head.subarray(0, 148), ...head.subarray(156, HEAD)];
  const unsigned = others.reduce((sum, byte) => sum + byte, 256);
  const signed = others.reduce((sum, byte) => sum + (byte < 128 ? byte : byte - 256), 256);
  const claimed = numberIn(field);
  return claimed === unsigned || claimed === signed;
}

/** Octal digits, or, marked by the first byte, a binary number. */
function numberIn(field: Buffer): number {
  if (field[0] === 0x80) return field.readUIntBE(2, 6);
  if (field[0] === 0xff) return field.readIntBE(2, 6);
  return Number.parseInt(field.toString('latin1').split('\0')[0]!, 8);
}

const names =
  /\.(bin|ckpt|dill|joblib|npy|npz|pdopt|pdparams|pickle|pk|pkl|pt|pt2|pth|ptl|sav|th|(ckpt|pt|pth)\.tar)$/i;

/** Whether a library would unpickle a file of this name. */
export function isPickleName(path: string): boolean {
  return names.test(path);
}

/** Whether joblib, which unpacks what is compressed, would. */
export function isJoblibName(path: string): boolean {
  return /\.(dill|joblib|pickle|pk|pkl|sav)$/i.test(path);
}

/** Of which NumPy reads every member, whatever its name. */
export function isArraysName(path: string): boolean {
  return /\.npz$/i.test(path);
}
