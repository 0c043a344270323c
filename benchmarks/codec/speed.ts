import { analyseTriplet } from '../../src/codec/analysis.ts';
import { sampleGeometry } from '../../src/codec/encode.ts';
import type { TripletGeometry } from '../../src/codec/geometry.ts';
import { discTensors, renderPatterns, renderTriplets } from '../../src/codec/render.ts';
import { Stream } from '../../src/common/stream.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { type Tensor2D, tf } from '../../src/engine/tf.ts';

const TRIPLETS = 96;
const BATCH = 32;

/** Triplets a second of wall time and of processor time, the best of several rounds. */
function rate(work: () => void): { wall: number; processor: number } {
  work();
  const rounds = Array.from({ length: 4 }, () => {
    const [start, before] = [performance.now(), process.cpuUsage()];
    work();
    const { user, system } = process.cpuUsage(before);
    return { wall: performance.now() - start, processor: (user + system) / 1000 };
  });
  const best = (of: 'wall' | 'processor') =>
    Math.round((1000 * TRIPLETS) / Math.min(...rounds.map((round) => round[of])));
  return { wall: best('wall'), processor: best('processor') };
}

/** How fast triplets of a store are read as discs and drawn, in batches, by one process. */
export function speed(store: Store) {
  const rows = new Stream(1, 'codec speed').permutation(store.count).slice(0, TRIPLETS);
  const geometryOf = (row: number): TripletGeometry => {
    const geometry = sampleGeometry(store.facts(row), store.camera);
    if (typeof geometry === 'string') throw new Error(geometry);
    return geometry;
  };
  const geometries = rows.map(geometryOf);
  const pixels = rows.map((row) => store.images([row]));
  const discs = pixels.map((own, i) => analyseTriplet(own, geometries[i]!));
  const batches = Array.from({ length: TRIPLETS / BATCH }, (_, i) =>
    discs.slice(i * BATCH, (i + 1) * BATCH),
  );
  const count = (of: (g: TripletGeometry[number]) => number): number =>
    geometries.flat().reduce((sum, g) => sum + of(g), 0) / TRIPLETS;
  const draw = (batch: typeof discs): void => {
    tf.tidy(() => renderTriplets(batch).dataSync());
  };
  const drawWithGradient = (batch: typeof discs, lattice: boolean): void => {
    tf.tidy(() => {
      const tensors = discTensors(batch.flat());
      const { basis, radius } = tensors;
      const moving = {
        basis: tf.tensor2d(basis as Float32Array, [3 * BATCH, 4]),
        radius: tf.tensor1d(radius as Float32Array),
      };
      const places = lattice ? moving : { basis, radius };
      tf.grad((coefficients) =>
        renderPatterns({ ...tensors, ...places, coefficients: coefficients as Tensor2D })
          .square()
          .sum(),
      )(tensors.coefficients).dataSync();
    });
  };
  return {
    triplets: TRIPLETS,
    batch: BATCH,
    discs: count(({ h }) => h.length),
    geometry: rate(() => rows.map(geometryOf)),
    analysis: rate(() => pixels.map((own, i) => analyseTriplet(own, geometries[i]!))),
    rendering: rate(() => batches.map(draw)),
    renderingWithGradient: rate(() => batches.map((batch) => drawWithGradient(batch, false))),
    renderingWithLatticeGradient: rate(() => batches.map((batch) => drawWithGradient(batch, true))),
  };
}
