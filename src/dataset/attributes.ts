import type { AnomalyKind } from './anomaly.ts';
import type { Hdf5 } from './hdf5.ts';

/** A remark on one sample while it is read. */
export type Remark = (kind: AnomalyKind, reason: string) => void;

/** An attribute as numbers or as text. */
type Value = { numbers: number[] } | { text: string };

// HDF5 type classes.
const INTEGER = 0;
const FLOAT = 1;
const STRING = 3;
const LARGEST = 1 << 16;

type NumberType = { type: number; size: number; signed: boolean };

const READERS: Readonly<Record<string, (view: DataView, at: number) => number>> = {
  f4: (view, at) => view.getFloat32(at, true),
  f8: (view, at) => view.getFloat64(at, true),
  i1: (view, at) => view.getInt8(at),
  i2: (view, at) => view.getInt16(at, true),
  i4: (view, at) => view.getInt32(at, true),
  i8: (view, at) => Number(view.getBigInt64(at, true)),
  u1: (view, at) => view.getUint8(at),
  u2: (view, at) => view.getUint16(at, true),
  u4: (view, at) => view.getUint32(at, true),
  u8: (view, at) => Number(view.getBigUint64(at, true)),
};

/** The attributes of one group, read by name; what cannot be read is remarked on and null. */
export class Attributes {
  readonly names: readonly string[];
  private readonly library: Hdf5;
  private readonly file: bigint;
  private readonly group: string;
  private readonly remark: Remark;
  private readonly careful: boolean;

  constructor(
    library: Hdf5,
    file: bigint,
    group: string,
    { remark, careful = false }: { remark: Remark; careful?: boolean },
  ) {
    this.careful = careful;
    this.library = library;
    this.file = file;
    this.group = group;
    this.remark = remark;
    this.names = library.module.get_attribute_names(file, group) as unknown as string[];
  }

  /** One number, or null. Text that spells a number counts: the space group is stored so. */
  number(name: string): number | null {
    const value = this.read(name);
    if (value === null) return null;
    const number = 'text' in value ? numberOf(value.text) : value.numbers[0];
    if (number !== undefined && Number.isFinite(number)) return number;
    this.remark('attribute-value', `${name} is not a number: ${JSON.stringify(value)}`);
    return null;
  }

  text(name: string): string | null {
    const value = this.read(name);
    if (value === null) return null;
    return 'text' in value ? value.text : value.numbers.join(' ');
  }

  /** Exactly `count` finite numbers, or null. */
  numbers(name: string, count: number): number[] | null {
    const value = this.read(name);
    if (value === null) return null;
    if ('text' in value || value.numbers.length !== count) {
      this.remark('attribute-type', `${name} does not hold ${count} numbers`);
      return null;
    }
    if (value.numbers.every(Number.isFinite)) return value.numbers;
    this.remark('attribute-value', `${name} holds ${value.numbers.join(', ')}`);
    return null;
  }

  private read(name: string): Value | null {
    if (!this.names.includes(name)) {
      this.remark('attribute-missing', `no attribute ${name}`);
      return null;
    }
    try {
      return this.value(name);
    } catch (error) {
      this.remark('attribute-unreadable', `${name}: ${this.library.fault(error)}`);
      return null;
    }
  }

  private value(name: string): Value | null {
    const { module, Group } = this.library;
    const about = module.get_attribute_metadata(this.file, this.group, name);
    if (about.type === FLOAT && about.size > 8) {
      this.remark('attribute-long-double', `${name} is a ${8 * about.size}-bit long double`);
      return null;
    }
    const known = about.type === INTEGER || about.type === FLOAT || about.type === STRING;
    if (!known || !about.shape || !(about.size * about.total_size <= LARGEST)) {
      this.remark('attribute-type', `${name} is neither numbers nor text`);
      return null;
    }
    if (about.type === STRING && about.vlen) {
      // Text of any length stands in a heap of its own, whose damage can hang the library.
      if (this.careful) throw new Error('not read, as reading this file ended a reader');
      const value: unknown = new Group(this.file, this.group).get_attribute(name, false);
      return { text: String(Array.isArray(value) ? (value[0] ?? '') : value) };
    }
    const bytes = this.bytes(name, about.size * about.total_size);
    return about.type === STRING
      ? { text: textOf(bytes.subarray(0, about.size)) }
      : { numbers: numbersOf(bytes, about) };
  }

  private bytes(name: string, count: number): Uint8Array {
    const { module } = this.library;
    const address = module._malloc(Math.max(1, count));
    try {
      module.get_attribute_data(this.file, this.group, name, BigInt(address));
      return module.HEAPU8.slice(address, address + count);
    } finally {
      module._free(address);
    }
  }
}

/** Text up to its first NUL. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
}

/** Little-endian numbers, as the library hands them out. */
function numbersOf(bytes: Uint8Array, { type, size, signed }: NumberType): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = type === FLOAT ? `f${size}` : `${signed ? 'i' : 'u'}${size}`;
  const read = READERS[kind];
  if (!read) throw new Error(`numbers of ${8 * size} bits`);
  return Array.from({ length: bytes.length / size }, (_, i) => read(view, i * size));
}

const numberOf = (text: string): number | undefined =>
  text.trim() === '' ? undefined : Number(text);
