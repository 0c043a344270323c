import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { authenticity, copyTest } from '../../synthetic/metrics/copying.ts';
import { prdc } from '../../synthetic/metrics/coverage.ts';
import { featuresOf, pickRows } from '../../synthetic/metrics/features.ts';
import { frechet } from '../../synthetic/metrics/frechet.ts';
import { kid } from '../../synthetic/metrics/kid.ts';
import { rarity, realism } from '../../synthetic/metrics/realism.ts';

// Values of published Python code; test/golden/README.md says which.
const golden = JSON.parse(readFileSync(new URL('../golden/metrics.json', import.meta.url), 'utf8'));
const real = featuresOf(golden.real);
const fake = featuresOf(golden.fake);
const held = featuresOf(golden.test);
const first = (n: number) => Array.from({ length: n }, (_, i) => i);

function agree(got: ArrayLike<number>, wanted: readonly number[]): void {
  expect(got.length).toBe(wanted.length);
  wanted.forEach((value, i) => {
    expect(Math.abs(got[i]! - value)).toBeLessThanOrEqual(1e-6 * Math.abs(value));
  });
}

it.each([
  ['prdc_k5', { k: 5 }],
  ['prdc_k3', { k: 3 }],
])('precision, recall, density, coverage agree with prdc: %s', (name, options) => {
  expect(prdc(real, fake, options)).toEqual(golden[name]);
});

it('counts the boundary of a ball on request, as Kynkaanniemi et al. do', () => {
  expect(prdc(real, fake, { k: 3, closed: true })).toMatchObject(golden.prc_k3_leq);
});

it('realism agrees in the plain and in the squared convention', () => {
  agree(realism(real, fake), golden.realism_dgmeval_k3);
  agree(realism(real, fake, { squared: true }), golden.realism_nvlabs_squared_k3);
});

it('rarity agrees; what lies outside every ball has none', () => {
  const got = rarity(real, fake);
  agree(
    got.map((value) => (Number.isNaN(value) ? 0 : value)),
    golden.rarity_k3,
  );
});

it('KID, Frechet distance, AuthPct and C_T agree', () => {
  agree([kid(pickRows(real, first(30)), pickRows(fake, first(30)))], [golden.kid_poly3_first30]);
  agree([frechet(real, fake)], [golden.frechet]);
  expect(authenticity(real, fake)).toBe(golden.authpct);
  agree([copyTest({ train: real, held, fake })], [golden.CT_Zu_single_cell]);
});
