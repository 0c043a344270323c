import { expect, it } from 'vitest';
import {
  type Candidates,
  easeOf,
  heldOutOf,
  sampleChecks,
} from '../../synthetic/checks/acceptance.ts';
import { describe as described } from '../../synthetic/metrics/descriptors/descriptors.ts';
import { pooled } from '../../synthetic/metrics/feature-spaces.ts';
import type { Features } from '../../synthetic/metrics/features.ts';
import { toyExamples } from './toys.ts';

const train = toyExamples({ counts: [40, 30, 20] });
const fresh = toyExamples({ counts: [30, 20, 15], name: 'fresh', seed: 8 });

/** Toy triplets as the judge sees them; realism is measured on the pooled pixels. */
function candidatesOf(examples: typeof train): Candidates {
  const rows = [...examples.labels.keys()];
  const physics = described({ pixels: examples.images(rows), count: rows.length, size: 32 });
  const space = pooled(examples);
  const spaceGroups = [...examples.labels].map((label) => examples.classes[label]!);
  return { spaceGroups, space, physics, pooled: space };
}

const judge = sampleChecks(train, candidatesOf(train));

it('accepts most new real triplets, and says why it rejects the others', () => {
  const samples = judge(candidatesOf(fresh))();
  const held = heldOutOf(samples);
  expect(held.count).toBe(65);
  expect(held.accepted).toBeGreaterThan(0.75 * 65);
  for (const { kind } of held.reasons) expect(kind).not.toBe('repetition');
  const rejected = samples.filter(({ reasons }) => reasons.some((r) => r.kind !== 'repetition'));
  expect(held.accepted + rejected.length).toBe(65);
});

it('eases limits that real triplets do not reach, and no others', () => {
  const made = candidatesOf(fresh);
  const far: Features = { ...made.space, values: made.space.values.map((v) => 1.15 * v + 3) };
  const moved = { ...made, space: far };
  const ofMoved = judge(moved);
  const strict = ofMoved();
  const ease = easeOf(strict);
  expect(ease).toBeLessThan(1);
  const failing = (samples: ReturnType<typeof ofMoved>): number =>
    samples.filter((one) => one.realism < one.realismLimit).length / samples.length;
  expect(failing(strict)).toBeGreaterThan(0.1);
  expect(failing(ofMoved(ease))).toBeLessThanOrEqual(0.05);
  expect(easeOf(strict.slice(0, 20))).toBe(1);
  expect(easeOf(strict.map((one) => ({ ...one, realism: 9 * one.realismLimit })))).toBe(1);
});

it('a class that the training data lack is rejected by name', () => {
  const made = candidatesOf(fresh);
  const [first] = judge({ ...made, spaceGroups: Array.from(made.spaceGroups, () => 230) })();
  expect(first!.reasons[0]!.text).toBe('no training triplet has space group 230');
});
