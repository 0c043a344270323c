import { expectPlain } from './window.ts';

// HDF5 type classes.
export const INTEGER = 0;
export const FLOAT = 1;
export const STRING = 3;
const VARIABLE_LENGTH = 9;

/** What a stored value is; `vlen` is text of any length, kept in a heap of the file. */
export interface StoredType {
  type: number;
  size: number;
  signed: boolean;
  vlen: boolean;
}

const INTEGER_SIZES = [1, 2, 4, 8];
// Little-endian IEEE numbers: byte order and sign bit, then offset, precision, exponent, mantissa.
const SINGLE = Buffer.from('11201f00040000000000200017080017' + '7f000000', 'hex');
const DOUBLE = Buffer.from('11203f000800000000004000340b0034' + 'ff030000', 'hex');

/**
 * A datatype message, version 1: little-endian integers, IEEE floats, long doubles, and text.
 *
 * @throws NotPlain for every other type.
 */
export function readType(body: Buffer): StoredType {
  expectPlain(body.length >= 8 && body[0]! >> 4 === 1, 'a type of another version');
  const size = body.readUInt32LE(4);
  const plain = { type: body[0]! & 15, size, signed: false, vlen: false };
  switch (plain.type) {
    case INTEGER: {
      const ordinary = (body[1]! & ~8) === 0 && body[2] === 0 && body[3] === 0;
      const whole = body.readUInt16LE(8) === 0 && body.readUInt16LE(10) === 8 * size;
      expectPlain(ordinary && whole && INTEGER_SIZES.includes(size), 'an unusual integer');
      return { ...plain, signed: (body[1]! & 8) !== 0 };
    }
    case FLOAT: {
      const known = size === 4 ? SINGLE : DOUBLE;
      expectPlain(size === 16 || startsWith(body, known), 'an unusual float');
      return plain;
    }
    case STRING:
      expectPlain(size > 0 && body[1]! < 32 && body[2] === 0, 'an unusual text');
      return plain;
    default:
      expectPlain(plain.type === VARIABLE_LENGTH && size === 16, 'another type');
      expectPlain((body[1]! & 15) === 1 && body[2]! < 2, 'a list of any length');
      return { ...plain, type: STRING, vlen: true };
  }
}

const startsWith = (bytes: Buffer, start: Buffer): boolean =>
  bytes.subarray(0, start.length).equals(start);

const SIMPLE = 1;
const MOST_DIMENSIONS = 8;

/** The shape in a dataspace message; [] for one value. @throws NotPlain for an empty one. */
export function readShape(body: Buffer): number[] {
  const [version, rank, flags] = [body[0]!, body[1]!, body[2]!];
  expectPlain(version === 1 || version === 2, 'a dataspace of another version');
  expectPlain(rank <= MOST_DIMENSIONS && flags <= 1, 'an unusual dataspace');
  expectPlain(version === 1 || body[3] === (rank === 0 ? 0 : SIMPLE), 'an unusual dataspace');
  const start = version === 1 ? 8 : 4;
  expectPlain(body.length >= start + 8 * rank * (1 + flags), 'a dataspace that is cut off');
  return Array.from({ length: rank }, (_, i) => Number(body.readBigUInt64LE(start + 8 * i)));
}
