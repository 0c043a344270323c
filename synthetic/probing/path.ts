import { type ClassPair, pairView, probabilities } from '../../classifier/boundary/margin.ts';
import type { Classifier } from '../../classifier/classifier.ts';
import { guideLogits, searchSpaceOf } from '../../gan/boundary/search.ts';
import type { BoundaryPath, Generator } from '../../gan/generator.ts';
import type { TripletDiscs } from '../../src/codec/discs.ts';
import { MODES } from '../../src/codec/discs.ts';
import { reflection } from '../../src/codec/indices.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import type { CrossingData, StripData } from './probe-data.ts';

/** What a pair is probed with. */
export interface Probing {
  store: Store;
  generator: Generator;
  guide: Classifier;
  /** Classifiers of other seeds; at most three are drawn. */
  verifiers: readonly Classifier[];
}

/** What a path shows, and the path. */
export interface PathData {
  strip: StripData;
  path: BoundaryPath;
}

const FRAMES = 9;
const CURVE = 33;

/** Views of decoded origins by the guide. */
async function viewsAlong(probing: Probing, pair: ClassPair, places: readonly unknown[]) {
  const { generator, guide } = probing;
  const drawn = await generator.draw(places);
  const images = drawn.map(({ pixels }) => pixels);
  const logits = guideLogits((x) => guide.logitsOf(x), images, generator.size);
  const classes = generator.classes.length;
  return drawn.map((_, row) => ({
    view: pairView(logits, row, { label: pair.label, partner: pair.partner, classes }),
    probabilities: probabilities(logits, row * classes, classes),
  }));
}

/** Null where the generator knows no way between the two. */
export async function pathData(
  probing: Probing,
  pair: ClassPair,
  seed: number,
): Promise<PathData | null> {
  const { generator, guide, store } = probing;
  const score = (x: Parameters<Classifier['logitsOf']>[0]) => guide.logitsOf(x);
  const path = await searchSpaceOf(generator).path(pair, { score, seed });
  if (!path) return null;
  const ts = (count: number) =>
    Array.from({ length: count }, (_, i) => path.from + ((path.to - path.from) * i) / (count - 1));
  const at = (t: number) => path.at(t);
  const frames = await generator.draw(ts(FRAMES).map(at));
  const curve = await viewsAlong(probing, pair, ts(CURVE).map(at));
  const { crossing } = path;
  const strip = {
    spaceGroup: generator.classes[pair.label]!,
    partner: generator.classes[pair.partner]!,
    size: store.size,
    frames: frames.map(({ pixels }, i) => ({ t: ts(FRAMES)[i]!, pixels })),
    curve: curve.map(({ view }, i) => ({
      t: ts(CURVE)[i]!,
      own: view.probability,
      partner: view.partnerProbability,
    })),
    crossing,
    leader: crossing === null ? null : await thirdLeader(probing, pair, at(crossing)),
  };
  return { strip, path };
}

/** The class that the guide finds likelier than both of the pair; null where there is none. */
async function thirdLeader(probing: Probing, pair: ClassPair, place: unknown) {
  const [here] = await viewsAlong(probing, pair, [place]);
  const best = here!.probabilities.indexOf(Math.max(...here!.probabilities));
  if (best === pair.label || best === pair.partner) return null;
  return { spaceGroup: probing.generator.classes[best]!, probability: here!.probabilities[best]! };
}

/**
 * The discs at the start of a path and at the boundary, reflection by reflection; null where the
 * generator has no discs.
 */
export function crossingData(
  probing: Probing,
  pair: ClassPair,
  path: BoundaryPath,
): CrossingData | null {
  const { generator, store } = probing;
  const t = path.crossing ?? path.to;
  const described = generator.describe([path.at(path.from), path.at(t)]);
  if (!described) return null;
  const [start, end] = described.map(({ discs }) => discs) as [TripletDiscs, TripletDiscs];
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
    spaceGroup: generator.classes[pair.label]!,
    partner: generator.classes[pair.partner]!,
    t,
    patterns,
    cells: { from: described[0]!.cell, to: described[1]!.cell },
  };
}
