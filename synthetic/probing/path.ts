import {
  type ClassPair,
  type PairView,
  pairView,
  probabilities,
} from '../../classifier/boundary/margin.ts';
import type { Classifier } from '../../classifier/classifier.ts';
import { classPath, scorePixels } from '../../gan/boundary/class-path.ts';
import { findCrossings } from '../../gan/boundary/crossing.ts';
import type { GanModel } from '../../gan/codec/model.ts';
import { drawTriplets, latentOf, type Origin, vectorsOf } from '../../gan/codec/sample.ts';
import type { TripletDiscs } from '../../src/codec/discs.ts';
import { MODES } from '../../src/codec/discs.ts';
import { reflection } from '../../src/codec/indices.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import { numbersOf } from '../../src/engine/numbers.ts';
import { type Tensor2D, tf } from '../../src/engine/tf.ts';
import type { CrossingData, StripData } from './probe-data.ts';

/** What a pair is probed with. */
export interface Probing {
  store: Store;
  model: GanModel;
  guide: Classifier;
  /** Classifiers of other seeds; at most three are drawn. */
  verifiers: readonly Classifier[];
}

/** A path, and the latent vector that it belongs to. */
export interface PathData extends StripData {
  z: Float32Array;
}

const FRAMES = 9;
const CURVE = 33;
/** Latent vectors that are tried for a path that crosses. */
const TRIED = 32;

/** Views of decoded origins by the guide. */
async function viewsAlong(probing: Probing, pair: ClassPair, places: readonly Origin[]) {
  const { model, guide } = probing;
  const drawn = await drawTriplets(model, places);
  const images = drawn.map(({ pixels }) => pixels);
  const logits = scorePixels((x) => guide.logitsOf(x), images, probing.store.size);
  const classes = model.classes.length;
  return drawn.map((_, row) => ({
    view: pairView(logits, row, { label: pair.label, partner: pair.partner, classes }),
    probabilities: probabilities(logits, row * classes, classes),
  }));
}

/**
 * A latent vector whose path crosses the boundary, and where: of several the one on which the pair
 * is likeliest there, so that no third class decides. The first one where none crosses.
 */
function crossingPath({ model, guide }: Probing, pair: ClassPair, seed: number) {
  const spaceGroup = model.classes[pair.label]!;
  const latents = Array.from({ length: TRIED }, (_, index) =>
    latentOf(model, { seed, spaceGroup, index }),
  );
  const path = classPath(model, pair.label);
  const classes = model.classes.length;
  const views = (rows: readonly number[], t: readonly number[]): PairView[] => {
    const logits = numbersOf(() => {
      const z = tf.tensor2d(rows.map((row) => [...latents[row]!])) as Tensor2D;
      const still = tf.zeros([rows.length, path.embedding]) as Tensor2D;
      const toward = t.map((at) => ({ partner: pair.partner, t: at }));
      return guide.logitsOf(path.images(z, still, toward));
    });
    return rows.map((_, i) => pairView(logits, i, { ...pair, classes }));
  };
  const found = findCrossings({
    count: TRIED,
    f: (rows, t) => views(rows, t).map(({ margin }) => margin),
    target: 0,
    grid: [0, 0.25, 0.5, 0.75, 1],
    tolerance: 1e-3,
  });
  const rows = [...found.keys()].filter((row) => found[row]!.t !== null);
  if (rows.length === 0) return { z: latents[0]!, crossing: null };
  const there = views(
    rows,
    rows.map((row) => found[row]!.t!),
  );
  const share = there.map(
    ({ probability, partnerProbability }) => probability + partnerProbability,
  );
  const best = rows[share.indexOf(Math.max(...share))]!;
  return { z: latents[best]!, crossing: found[best]!.t };
}

export async function pathData(probing: Probing, pair: ClassPair, seed: number): Promise<PathData> {
  const { model, store } = probing;
  const { z, crossing } = crossingPath(probing, pair, seed);
  const at = (t: number): Origin => ({ ...pair, t, z });
  const ts = (count: number) => Array.from({ length: count }, (_, i) => i / (count - 1));
  const frames = await drawTriplets(model, ts(FRAMES).map(at));
  const curve = await viewsAlong(probing, pair, ts(CURVE).map(at));
  return {
    spaceGroup: model.classes[pair.label]!,
    partner: model.classes[pair.partner]!,
    size: store.size,
    frames: frames.map(({ pixels }, i) => ({ t: ts(FRAMES)[i]!, pixels })),
    curve: curve.map(({ view }, i) => ({
      t: ts(CURVE)[i]!,
      own: view.probability,
      partner: view.partnerProbability,
    })),
    crossing,
    leader: crossing === null ? null : await thirdLeader(probing, pair, at(crossing)),
    z,
  };
}

/** The class that the guide finds likelier than both of the pair; null where there is none. */
async function thirdLeader(probing: Probing, pair: ClassPair, place: Origin) {
  const [here] = await viewsAlong(probing, pair, [place]);
  const best = here!.probabilities.indexOf(Math.max(...here!.probabilities));
  if (best === pair.label || best === pair.partner) return null;
  return { spaceGroup: probing.model.classes[best]!, probability: here!.probabilities[best]! };
}

/** The discs at the start of a path and at the boundary, reflection by reflection. */
export function crossingData(
  probing: Probing,
  pair: ClassPair,
  path: { z: Float32Array; t: number },
): CrossingData {
  const { model, store } = probing;
  const places = [0, path.t].map((t): Origin => ({ ...pair, t, z: path.z }));
  const vectors = vectorsOf(model, places);
  const plan = model.plan(vectors.dataSync() as Float32Array, places);
  const [start, end] = model.triplets(vectors, plan) as [TripletDiscs, TripletDiscs];
  vectors.dispose();
  const reach = (store.camera.pixel * store.size) / 2;
  const patterns = end.map(({ geometry, coefficients }, zone) => {
    const before = start[zone as 0 | 1 | 2];
    const levels = new Map(
      [...before.geometry.h].map((h, i) => [
        `${h} ${before.geometry.k[i]}`,
        before.coefficients[i * MODES]!,
      ]),
    );
    const [ax, ay, bx, by] = geometry.basis;
    const reflections = [...geometry.h].map((h, i) => {
      const k = geometry.k[i]!;
      return {
        hkl: reflection(geometry.indexBasis, h, k),
        x: (h * ax + k * bx) * store.camera.pixel,
        y: (h * ay + k * by) * store.camera.pixel,
        from: levels.get(`${h} ${k}`) ?? coefficients[i * MODES]!,
        to: coefficients[i * MODES]!,
      };
    });
    const inside = reflections.filter(({ x, y }) => Math.max(Math.abs(x), Math.abs(y)) < reach);
    return { zone: geometry.zone, reach, reflections: inside };
  });
  return {
    spaceGroup: model.classes[pair.label]!,
    partner: model.classes[pair.partner]!,
    t: path.t,
    patterns,
    cells: { from: plan.cells[0]!, to: plan.cells[1]! },
  };
}
