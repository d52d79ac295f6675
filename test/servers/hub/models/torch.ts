import type { GeneratedContent } from '../options.ts';
import { zipPieces } from './zip.ts';

/**
 * A file as torch.save writes it, of exactly `size` bytes; needs no memory but for what is around the tensor.
 *
 * @param pickle what stands in it instead of a state dict
 */
export function generatedTorch(size: number, seed: number, pickle?: Buffer): GeneratedContent {
  // What is around the tensor is as long for every size of it.
  const around = bytesIn(piecesFor(0, pickle));
  const pieces = piecesFor(size - around, pickle);
  const hole = pieces.findIndex((piece) => !Buffer.isBuffer(piece));
  const head = Buffer.concat(pieces.slice(0, hole) as Buffer[]);
  const tail = Buffer.concat(pieces.slice(hole + 1) as Buffer[]);
  return { size, seed, head, tail };
}

function piecesFor(bytes: number, pickle = stateDict(bytes)): (Buffer | number)[] {
  return zipPieces([
    { name: 'archive/data.pkl', content: pickle },
    { name: 'archive/version', content: Buffer.from('3\n') },
    { name: 'archive/data/0', content: bytes },
  ]);
}

function bytesIn(pieces: readonly (Buffer | number)[]): number {
  return pieces.reduce<number>((sum, piece) => sum + (Buffer.isBuffer(piece) ? piece.length : piece), 0);
}

/** The pickle of one tensor of numbers, by the name of `weight`. Protocol 2. */
export function stateDict(numbers: number): Buffer {
  const count = Buffer.alloc(5);
  count.write('J', 'latin1'); // BININT
  count.writeUInt32LE(numbers, 1);
  const storage = ['((', text('storage'), 'ctorch\nByteStorage\n', text('0'), text('cpu'), count, 'tQ'];
  const tensor = ['ctorch._utils\n_rebuild_tensor_v2\n', ...storage, 'K\0', count, '\x85K\x01\x85\x89'];
  const hooks = ['ccollections\nOrderedDict\n)R', 'tR'];
  const pieces = ['\x80\x02ccollections\nOrderedDict\n)R', text('weight'), ...tensor, ...hooks, 's.'];
  return Buffer.concat(
    pieces.map((piece) => (Buffer.isBuffer(piece) ? piece : Buffer.from(piece, 'latin1'))),
  );
}

/** BINUNICODE */
function text(value: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(value));
  return Buffer.concat([Buffer.from('X'), length, Buffer.from(value)]);
}
