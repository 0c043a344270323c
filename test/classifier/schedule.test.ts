import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fitTemperature, meanNegativeLogLikelihood } from '../../classifier/metrics.ts';
import { oneCycleRate } from '../../classifier/schedule.ts';
import { Stream } from '../../src/common/stream.ts';

const { oneCycle } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../golden/torch-layers.json'), 'utf8'),
) as { oneCycle: { rates: number[] } };

it('is PyTorch’s one-cycle schedule', () => {
  oneCycle.rates.forEach((rate, update) => {
    expect(oneCycleRate(update, { peak: 2e-3, updates: 40 })).toBeCloseTo(rate, 9);
  });
});

it('serves the shortest runs', () => {
  for (const updates of [1, 2, 5]) {
    for (let update = 0; update < updates; update++) {
      expect(oneCycleRate(update, { peak: 1, updates })).toBeGreaterThanOrEqual(0);
    }
  }
});

it('finds the temperature that logits were sharpened by', () => {
  const stream = new Stream(3, 'temperature');
  const labels: number[] = [];
  const logits: number[] = [];
  for (let i = 0; i < 4000; i++) {
    const row = [stream.normal(), stream.normal(), stream.normal()];
    labels.push(stream.weighted(row.map(Math.exp)));
    logits.push(...row.map((v) => 2.5 * v));
  }
  const temperature = fitTemperature(Float32Array.from(logits), labels);
  expect(temperature).toBeGreaterThan(2.3);
  expect(temperature).toBeLessThan(2.75);
  const loss = (t: number) => meanNegativeLogLikelihood(Float32Array.from(logits), labels, t);
  expect(loss(temperature)).toBeLessThan(loss(1));
});
