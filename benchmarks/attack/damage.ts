import { readFileSync, writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { Dataset, Group } from 'h5wasm/node';
import { parse, stringify } from 'yaml';
import type { Stream } from '../../src/common/stream.ts';
import { hdf5 } from '../../src/dataset/hdf5/library.ts';

/** What a value of a settings file, a result or an attribute may become. */
const ODD: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  0.5,
  1e308,
  2 ** 31,
  '',
  ' ',
  'x',
  'x'.repeat(5000),
  '../../x',
  'a\nb',
  '<script>',
  [],
  [null],
  [[]],
  {},
  { x: null },
  { __proto__x: 1 },
];
const ODD_NUMBERS = ['1e400', 'nan', '-1', '0', '56402', '1e12', '?', '.', '1/0', "'x", '1e-300'];

/** Bytes with some of them changed, lost, doubled or replaced. */
export function damageBytes(bytes: Buffer, stream: Stream): Buffer {
  const out = Buffer.from(bytes);
  const place = (): number => stream.index(Math.max(1, out.length));
  switch (stream.index(6)) {
    case 0:
      for (let n = stream.index(8); n >= 0; n--) out[place()]! ^= 1 << stream.index(8);
      return out;
    case 1:
      return out.subarray(0, place());
    case 2:
      return Buffer.from(out.fill(0, place(), place()));
    case 3: {
      const [from, to] = [place(), place()].sort((a, b) => a - b) as [number, number];
      return Buffer.concat([out.subarray(0, from), out.subarray(to)]);
    }
    case 4: {
      const start = place();
      return Buffer.concat([
        out.subarray(0, start),
        out.subarray(start, start + 64),
        out.subarray(start),
      ]);
    }
    default:
      // In the head, where sizes and types stand.
      out.writeUInt8(stream.pick([0, 0x39, 0x7f, 0xff]), stream.index(Math.min(out.length, 2048)));
      return out;
  }
}

/** A tree of plain values in which one is gone, odd or of another place. */
function damageTree(tree: unknown, stream: Stream): unknown {
  const places: { holder: Record<string, unknown>; key: string }[] = [];
  const root = { tree: structuredClone(tree) };
  const walk = (holder: Record<string, unknown>): void => {
    for (const key of Object.keys(holder)) {
      places.push({ holder, key });
      const value = holder[key];
      if (value !== null && typeof value === 'object') walk(value as Record<string, unknown>);
    }
  };
  walk(root);
  const { holder, key } = stream.pick(places);
  switch (stream.index(5)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      break;
    case 1: {
      const other = stream.pick(places);
      holder[key] = structuredClone(other.holder[other.key]);
      break;
    }
    default:
      holder[key] = stream.pick(ODD);
  }
  return root.tree;
}

/** A JSON or YAML text with a value changed. */
const damageText = (text: string, stream: Stream, format: 'json' | 'yaml'): string =>
  format === 'json'
    ? (JSON.stringify(damageTree(JSON.parse(text), stream)) ?? '')
    : stringify(damageTree(parse(text), stream) ?? null);

/** A safetensors file whose header says something else; the digest is as it was. */
function damageHeader(bytes: Buffer, stream: Stream): Buffer {
  const length = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length));
  const text = Buffer.from(JSON.stringify(damageTree(header, stream)) ?? '');
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([head, text, bytes.subarray(8 + length)]);
}

/** A CIF with a number that no crystal has, or with a line gone or twice. */
function damageCif(text: string, stream: Stream): string {
  const lines = text.split('\n');
  const at = stream.index(lines.length);
  switch (stream.index(4)) {
    case 0:
      lines.splice(at, 1);
      return lines.join('\n');
    case 1:
      lines.splice(at, 0, lines[stream.index(lines.length)]!);
      return lines.join('\n');
    default: {
      const numbers = [...text.matchAll(/(?<=\s)-?\d[\d.]*/g)];
      const { index, 0: word } = stream.pick(numbers);
      return text.slice(0, index) + stream.pick(ODD_NUMBERS) + text.slice(index + word.length);
    }
  }
}

const ODD_DATA: readonly (() => unknown)[] = [
  () => new Float64Array([Number.NaN]),
  () => new Int32Array(0),
  () => new Float32Array([-1, 1e30, 3]),
  () => new Uint8Array([7]),
  () => 'x',
  () => '{}',
  () => 'null',
  () => 1e300,
  () => ['a', 'b'],
];

/** Copies a group of an HDF5 file; `change` makes other values of some, undefined leaves one out. */
function copyGroup(from: Group, to: Group, change: (value: unknown) => unknown): void {
  const attributes = (item: Group | Dataset, copy: Group | Dataset): void => {
    for (const [name, attribute] of Object.entries(item.attrs)) {
      const value = change(attribute.value);
      if (value === attribute.value) {
        copy.create_attribute(name, value as string, attribute.shape, attribute.dtype as string);
      } else if (value !== undefined) copy.create_attribute(name, value as string);
    }
  };
  attributes(from, to);
  for (const name of from.keys()) {
    const item = from.get(name) as Group | Dataset;
    if ('keys' in item) copyGroup(item, to.create_group(name) as Group, change);
    else {
      const data = change(item.value);
      if (data === undefined) continue;
      const { shape, dtype } = item;
      const same = data === item.value;
      to.create_dataset({ name, data, ...(same && { shape, dtype }) } as Parameters<
        Group['create_dataset']
      >[0]);
      attributes(item, to.get(name) as Dataset);
    }
  }
}

/** An HDF5 file in which a dataset or attribute is gone, of another type or of another length. */
async function damageHdf5(from: string, to: string, stream: Stream): Promise<void> {
  const { File: Hdf5File } = await hdf5();
  const source = new Hdf5File(from, 'r');
  try {
    const pass = (change: (value: unknown) => unknown): void => {
      const file = new Hdf5File(to, 'w');
      try {
        copyGroup(source, file, change);
      } finally {
        file.close();
      }
    };
    let values = 0;
    pass((value) => {
      values++;
      return value;
    });
    let left = stream.index(values);
    pass((value) => {
      if (left-- !== 0) return value;
      if (stream.uniform() < 0.3) return undefined;
      const list = ArrayBuffer.isView(value) ? (value as Uint8Array) : null;
      if (!list || stream.uniform() < 0.5) return stream.pick(ODD_DATA)();
      if (stream.uniform() < 0.5) return list.slice(0, list.length >> 1);
      const changed = list.slice();
      changed[stream.index(changed.length)] = typeof changed[0] === 'bigint' ? (-7n as never) : 250;
      return changed;
    });
  } finally {
    source.close();
  }
}

/** Writes a damaged copy of a good file, in the ways of its kind. */
export async function damageFile(from: string, to: string, stream: Stream): Promise<void> {
  const bytes = readFileSync(from);
  const kind = extname(from);
  const byBytes = stream.uniform() < 0.5;
  try {
    if (byBytes) writeFileSync(to, damageBytes(bytes, stream));
    else if (kind === '.json') writeFileSync(to, damageText(String(bytes), stream, 'json'));
    else if (kind === '.yaml') writeFileSync(to, damageText(String(bytes), stream, 'yaml'));
    else if (kind === '.safetensors') writeFileSync(to, damageHeader(bytes, stream));
    else if (kind === '.cif') writeFileSync(to, damageCif(String(bytes), stream));
    else if (kind === '.h5') await damageHdf5(from, to, stream);
    else writeFileSync(to, damageBytes(bytes, stream));
  } catch {
    writeFileSync(to, damageBytes(bytes, stream));
  }
}
