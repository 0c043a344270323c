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

/** The attributes of one group, read by name; what cannot be read is remarked on and null. */
export class Attributes {
  readonly names: readonly string[];
  private readonly library: Hdf5;
  private readonly file: bigint;
  private readonly group: string;
  private readonly remark: Remark;

  constructor(library: Hdf5, file: bigint, group: string, remark: Remark) {
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
    const value: unknown = new Group(this.file, this.group).get_attribute(name, false);
    if (typeof value === 'string') return { text: value };
    if (Array.isArray(value)) return { text: String(value[0] ?? '') };
    if (typeof value === 'number' || typeof value === 'bigint') return { numbers: [Number(value)] };
    return { numbers: Array.from(value as ArrayLike<number | bigint>, Number) };
  }
}

const numberOf = (text: string): number | undefined =>
  text.trim() === '' ? undefined : Number(text);
