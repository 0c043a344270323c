import { analysePattern, type PatternAnalysis } from '../../src/codec/analysis.ts';
import { detectLattice } from '../../src/codec/detect.ts';
import { MODES } from '../../src/codec/discs.ts';
import { sampleGeometry } from '../../src/codec/encode.ts';
import {
  areaOf,
  type Basis,
  basisError,
  reducedBasis,
  shortest,
} from '../../src/codec/lattices.ts';
import { messageOf } from '../../src/common/errors.ts';
import { Stream } from '../../src/common/stream.ts';
import type { Store } from '../../src/dataset/store/store.ts';

/** The lattice that integer vectors generate, as rows [p, q], [0, t]. */
function generated(vectors: readonly (readonly [number, number])[]) {
  let [p, q, t] = [0, 0, 0];
  for (let [h, k] of vectors) {
    while (h !== 0) {
      const times = Math.trunc(p / h);
      [p, q, h, k] = [h, k, p - times * h, q - times * k];
    }
    while (k !== 0) [t, k] = [k, t % k];
  }
  return { p, q, t };
}

/** Levels from here on are light: ten grey levels. */
const LIGHT = 1;

/** The lattice that the discs with light generate, as far as they lie well on the detector. */
function visibleBasis({ geometry, coefficients }: PatternAnalysis): Basis {
  const { h, k, basis, size } = geometry;
  const lit = Array.from(h, (i, disc): [number, number] => [i, k[disc]!]).filter(([i, j], disc) => {
    const far = Math.max(
      Math.abs(i * basis[0] + j * basis[2]),
      Math.abs(i * basis[1] + j * basis[3]),
    );
    return coefficients[disc * MODES]! >= LIGHT && far < size / 2;
  });
  const { p, q, t } = generated(lit);
  const [ax, ay, bx, by] = basis;
  return reducedBasis([p * ax + q * bx, p * ay + q * by, t * bx, t * by]);
}

/** How often the lattice of a pattern is found from the pattern alone, by the overlap of discs. */
export function detection(store: Store, count: number) {
  const stream = new Stream(3, 'codec detection');
  const rows = stream.permutation(store.count).slice(0, Math.ceil(count / 3));
  const looked = rows.flatMap((row) => {
    const known = sampleGeometry(store.facts(row), store.camera);
    if (typeof known === 'string') return [];
    const pixels = store.images([row]);
    return known.map((geometry, channel) => {
      const plane = Float32Array.from({ length: pixels.length / 3 }, (_, at) => {
        return pixels[3 * at + channel]!;
      });
      const truth = visibleBasis(analysePattern(plane, geometry));
      const sparser = areaOf(truth) / areaOf(geometry.basis);
      const spacing = shortest(truth);
      const about = { row, channel, sparser, spacing, overlap: (2 * geometry.radius) / spacing };
      try {
        const { size, centre } = store.camera;
        const found = detectLattice(plane, { size, centre, aperture: 'mesh' });
        const error = basisError(found.geometry.basis, truth);
        return { ...about, error, residual: found.residualShare, refused: null };
      } catch (reason) {
        return { ...about, error: null, residual: null, refused: messageOf(reason) };
      }
    });
  });
  const wide = looked.filter(({ spacing }) => spacing >= 4);
  const share = (list: typeof looked, of: (one: (typeof looked)[number]) => boolean): number =>
    list.filter(of).length / Math.max(1, list.length);
  const summary = (list: typeof looked) => ({
    patterns: list.length,
    found: share(list, ({ error }) => error !== null && error < 0.01),
    wrong: share(list, ({ error }) => error !== null && error >= 0.01),
    refused: share(list, ({ refused }) => refused !== null),
  });
  const finest = [3, 4, 5, 6, 8, 100].map((below, i, all) => {
    const above = all[i - 1] ?? 0;
    const some = looked.filter(({ spacing }) => spacing >= above && spacing < below);
    return { pixelsApart: [above, below], ...summary(some) };
  });
  const missed = looked.filter(({ error }) => error === null || error >= 0.01);
  return { all: summary(looked), fourPixels: summary(wide), bySpacing: finest, missed };
}
