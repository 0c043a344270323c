import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Stream } from '../../src/common/stream.ts';
import type { Anomaly } from '../../src/dataset/anomaly.ts';
import { toPixels } from '../../src/dataset/intensity/transform.ts';
import { prepareStore } from '../../src/dataset/prepare/prepare.ts';
import { openStore, type Store } from '../../src/dataset/store/store.ts';
import { writeSummit } from '../../src/dataset/summit/summit.ts';
import { buildReaders } from './built.ts';
import { discStack, sampleOf, temporaryFolder } from './fixture.ts';

const SAMPLES = 6;
const SIZE = 16;
const STACK_BYTES = 3 * SIZE * SIZE * 4;
const { folder, remove } = temporaryFolder();
afterAll(remove);

type Damage =
  | { kind: 'cut'; at: number }
  | { kind: 'flip' | 'garbage'; spans: [number, Uint8Array][] }
  | { kind: 'retyped'; spans: [number, Uint8Array][] };

interface Case {
  path: string;
  id: string;
  damage: Damage;
}

/** Offsets of the stacks in the undamaged file. */
let stacks: number[] = [];
let base: Buffer;

const bytesOf = (stream: Stream, count: number): Uint8Array =>
  Uint8Array.from({ length: count }, () => stream.index(256));

/** HDF5 describes a type by class, bits and size: these bytes are what a wrong type changes. */
function typeOffsets(): number[] {
  const offsets: number[] = [];
  // Version 1 descriptions of the classes integer, float and string, then their sizes.
  for (const size of [3, 4, 8, 9]) {
    for (const head of [0x10, 0x11, 0x13, 0x19]) {
      for (let at = base.indexOf(head); at >= 0; at = base.indexOf(head, at + 1)) {
        if (base.readUInt32LE(Math.min(at + 4, base.length - 4)) === size) offsets.push(at);
      }
    }
  }
  return offsets;
}

function draw(stream: Stream, number: number, types: readonly number[]): Damage {
  const anywhere = (): number => stream.index(base.length);
  switch (number % 4) {
    case 0:
      return { kind: 'cut', at: anywhere() };
    case 1:
      return { kind: 'garbage', spans: [[anywhere(), bytesOf(stream, 16 + stream.index(500))]] };
    case 2:
      return {
        kind: 'retyped',
        spans: [[stream.pick(types) + stream.index(8), bytesOf(stream, 1)]],
      };
    default: {
      const count = 1 + stream.index(4);
      return {
        kind: 'flip',
        spans: Array.from({ length: count }, () => [anywhere(), bytesOf(stream, 1)]),
      };
    }
  }
}

function damaged(id: string, damage: Damage): Buffer {
  const copy = Buffer.from(base);
  for (let at = copy.indexOf('mp-0000'); at >= 0; at = copy.indexOf('mp-0000')) copy.write(id, at);
  if (damage.kind === 'cut') return copy.subarray(0, damage.at);
  for (const [at, bytes] of damage.spans) copy.set(bytes.subarray(0, copy.length - at), at);
  return copy;
}

const touches = (damage: Damage, start: number, end: number): boolean =>
  damage.kind === 'cut'
    ? damage.at < end
    : damage.spans.some(([at, bytes]) => at < end && at + bytes.length > start);

/** Whether the damage lies in the intensities of one sample and nowhere else. */
const onlyInStack = (damage: Damage): number | null => {
  if (damage.kind === 'cut') return null;
  const within = stacks.findIndex((start) =>
    damage.spans.every(([at, bytes]) => at >= start && at + bytes.length <= start + STACK_BYTES),
  );
  return within < 0 ? null : within;
};

describe('320 damaged files', () => {
  const cases: Case[] = [];
  const named = new Map<string, Anomaly[]>();
  let store: Store;
  let rowOf: Map<string, number>;

  beforeAll(async () => {
    buildReaders();
    const path = join(folder, 'base.h5');
    const samples = Array.from({ length: SAMPLES }, (_, i) =>
      sampleOf(i, { material: `mp-0000-${i}`, spaceGroup: 200 + i, size: SIZE }),
    );
    await writeSummit(path, samples);
    base = readFileSync(path);
    stacks = samples.map(({ stack }) => base.indexOf(Buffer.from(stack.buffer)));
    const types = typeOffsets();
    const stream = new Stream(1, 'damage');
    for (let number = 0; number < 320; number++) {
      const id = `mp-${String(number + 1).padStart(4, '0')}`;
      const damage = draw(stream.split(number), number, types);
      cases.push({ id, damage, path: join(folder, `${id}.h5`) });
      writeFileSync(cases.at(-1)!.path, damaged(id, damage));
    }
    const whole = join(folder, 'whole.h5'); // one good file, so that there is always a store
    await writeSummit(whole, [sampleOf(99, { material: 'mp-whole', size: SIZE })]);
    const out = join(folder, 'store.h5');
    const options = { size: SIZE, split: 'material', seed: 0, workers: 2, patience: 5000 } as const;
    const paths = [whole, ...cases.map((one) => one.path)];
    const { anomalies } = await prepareStore(paths, out, options);
    for (const anomaly of anomalies) {
      const name = basename(anomaly.file);
      named.set(name, [...(named.get(name) ?? []), anomaly]);
    }
    store = await openStore(out);
    rowOf = new Map(
      store.rows.key.map((key, row) => [
        `${store.materials[store.rows.material[row]!]}/${key}`,
        row,
      ]),
    );
  }, 300_000);
  afterAll(() => store?.close());

  const rowIn = ({ id }: Case, i: number): number | undefined =>
    rowOf.get(`${id}-${i}/sample_${i}_0`);
  const pixelsAt = (i: number): Uint8Array => toPixels(discStack(i, SIZE), SIZE);

  it('finds the intensities of every sample in the file', () => {
    expect(stacks.every((at) => at > 0)).toBe(true);
    expect(cases.filter(({ damage }) => onlyInStack(damage) !== null).length).toBeGreaterThan(20);
  });

  it('keeps or names every sample', () => {
    for (const one of cases) {
      const told = named.get(basename(one.path)) ?? [];
      const wholeFile = told.some((anomaly) => anomaly.group === null);
      for (let i = 0; i < SAMPLES; i++) {
        const kept = rowIn(one, i) !== undefined;
        const isNamed = told.some((anomaly) => anomaly.group === `sample_${i}_0`);
        // Where a name itself was damaged, the sample is known by its new name.
        const renamed =
          [...rowOf.keys()].some((key) => key.includes(one.id) && !key.includes('/sample_')) ||
          told.some((anomaly) => anomaly.group !== null && !/^sample_\d_0$/.test(anomaly.group)) ||
          touchesNames(one.damage);
        expect([one.path, one.damage, i, kept || isNamed || wholeFile || renamed]).toEqual([
          one.path,
          one.damage,
          i,
          true,
        ]);
      }
    }
  });

  it('keeps every sample that damage to the intensities of another leaves alone', () => {
    for (const one of cases) {
      const hit = onlyInStack(one.damage);
      if (hit === null) continue;
      for (let i = 0; i < SAMPLES; i++) {
        if (i === hit) continue;
        const row = rowIn(one, i);
        expect([one.path, row === undefined]).toEqual([one.path, false]);
        expect(store.images([row!])).toEqual(pixelsAt(i));
      }
    }
  });

  it('keeps what stands before a cut, and nothing that is not whole', () => {
    let kept = 0;
    for (const one of cases.filter(({ damage }) => damage.kind === 'cut')) {
      expect(named.get(basename(one.path))?.length).toBeGreaterThan(0);
      for (let i = 0; i < SAMPLES; i++) {
        const row = rowIn(one, i);
        if (row === undefined) continue;
        kept++;
        expect(touches(one.damage, stacks[i]!, stacks[i]! + STACK_BYTES)).toBe(false);
        expect(store.images([row])).toEqual(pixelsAt(i));
      }
    }
    expect(kept).toBeGreaterThan(20);
  });
});

/** Names of groups and materials stand in the file as text. */
function touchesNames(damage: Damage): boolean {
  if (damage.kind === 'cut') return false;
  return ['sample_', 'mp-0000'].some((word) => {
    for (let at = base.indexOf(word); at >= 0; at = base.indexOf(word, at + 1)) {
      if (touches(damage, at, at + 12)) return true;
    }
    return false;
  });
}
