import { type ClassPair, pairView, probabilities } from '../../classifier/boundary/margin.ts';
import type { Classifier } from '../../classifier/classifier.ts';
import { guideLogits, searchSpaceOf } from '../../gan/boundary/search.ts';
import type { BoundaryPath, Generator, GeneratorSample } from '../../gan/generator.ts';
import type { TripletDiscs } from '../../src/codec/discs.ts';
import { MODES } from '../../src/codec/discs.ts';
import { reflection } from '../../src/codec/indices.ts';
import { cellMatrix } from '../../src/crystal/cell.ts';
import type { Vec3 } from '../../src/crystal/crystal.ts';
import { elementSymbol } from '../../src/crystal/elements.ts';
import { dot, norm, vectorMatrix } from '../../src/crystal/matrix.ts';
import { nearestImage } from '../../src/crystal/orbit.ts';
import { centring } from '../../src/crystal/spacegroup.ts';
import { standardZones, type ZoneFrame, zoneFrame } from '../../src/crystal/zone.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import type { CrossingData, MovedAtomsData, StripData } from './probe-data.ts';

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

/** Points of the way that are drawn and scored, and every how many stands in the strip. */
const POINTS = 33;
const FRAME_EVERY = 4;
/** Curves of verifiers that are drawn. */
const MOST_VERIFIERS = 3;

/** Logits of samples by a classifier, as functions of a row. */
function scoresOf(classifier: Classifier, drawn: readonly GeneratorSample[], size: number) {
  const images = drawn.map(({ pixels }) => pixels);
  const logits = guideLogits((x) => classifier.logitsOf(x), images, size);
  const classes = classifier.classes.length;
  return {
    view: (row: number, pair: ClassPair) => pairView(logits, row, { ...pair, classes }),
    probabilities: (row: number) => probabilities(logits, row * classes, classes),
  };
}

/** Null where the generator knows no way between the two. */
export async function pathData(
  probing: Probing,
  pair: ClassPair,
  seed: number,
): Promise<PathData | null> {
  const { generator, guide, verifiers, store } = probing;
  const score = (x: Parameters<Classifier['logitsOf']>[0]) => guide.logitsOf(x);
  const space = searchSpaceOf(generator);
  const path = await space.path(pair, { score, seed });
  if (!path) return null;
  const { from, to, crossing } = path;
  const ts = Array.from({ length: POINTS }, (_, i) => from + ((to - from) * i) / (POINTS - 1));
  const drawn = await generator.draw(ts.map((t) => path.at(t)));
  const curveOf = (classifier: Classifier) => {
    const { view, probabilities: all } = scoresOf(classifier, drawn, generator.size);
    return ts.map((t, row) => {
      const { probability: own, partnerProbability: partner } = view(row, pair);
      const here = all(row);
      const likeliest = generator.classes[here.indexOf(Math.max(...here))]!;
      return { t, own, partner, likeliest };
    });
  };
  const strip = {
    spaceGroup: generator.classes[pair.label]!,
    partner: generator.classes[pair.partner]!,
    size: store.size,
    axis: space.axis,
    frames: drawn
      .map(({ pixels }, i) => ({ t: ts[i]!, pixels }))
      .filter((_, i) => i % FRAME_EVERY === 0),
    curve: curveOf(guide),
    verifiers: verifiers.slice(0, MOST_VERIFIERS).map(curveOf),
    crossing,
    leader:
      crossing === null || space.axis.unit
        ? null
        : await thirdLeader(probing, pair, path.at(crossing)),
  };
  return { strip, path };
}

/** The class that the guide finds likelier than both of the pair; null where there is none. */
async function thirdLeader(probing: Probing, pair: ClassPair, place: unknown) {
  const { generator, guide } = probing;
  const here = scoresOf(guide, await generator.draw([place]), generator.size).probabilities(0);
  const best = here.indexOf(Math.max(...here));
  if (best === pair.label || best === pair.partner) return null;
  return { spaceGroup: generator.classes[best]!, probability: here[best]! };
}

/**
 * The discs at the start of a path and at the boundary, reflection by reflection; null where the
 * generator has no discs.
 */
export async function crossingData(
  probing: Probing,
  pair: ClassPair,
  path: BoundaryPath,
): Promise<CrossingData | null> {
  const { generator, store } = probing;
  const t = path.crossing ?? path.to;
  const described = generator.describe(await generator.draw([path.at(path.from), path.at(t)]));
  if (!described) return null;
  const [start, end] = described.map(({ discs }) => discs) as [TripletDiscs, TripletDiscs];
  const reach = (store.camera.pixel * store.size) / 2;
  const patterns = end.map(({ geometry, coefficients }, zone) => {
    const before = start[zone as 0 | 1 | 2];
    const { indexBasis } = before.geometry;
    const levels = new Map(
      [...before.geometry.h].map((h, i) => [
        reflection(indexBasis, h, before.geometry.k[i]!).join(),
        before.coefficients[i * MODES]!,
      ]),
    );
    const [ax, ay, bx, by] = geometry.basis;
    const reflections = [...geometry.h].map((h, i) => {
      const k = geometry.k[i]!;
      const hkl = reflection(geometry.indexBasis, h, k);
      return {
        hkl,
        x: (h * ax + k * bx) * store.camera.pixel,
        y: (h * ay + k * by) * store.camera.pixel,
        from: levels.get(hkl.join()) ?? coefficients[i * MODES]!,
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
    axis: searchSpaceOf(generator).axis,
    patterns,
    cells: { from: described[0]!.cell, to: described[1]!.cell },
  };
}

/** The atoms that a path moves, seen along the zone axis that shows most of it; null without crystals. */
export function movedAtoms(path: BoundaryPath): MovedAtomsData | null {
  if (!path.structure) return null;
  const t = path.crossing ?? path.to;
  const [start, end] = [path.structure(path.from), path.structure(t)];
  const rows = cellMatrix(start.cell);
  const moves = start.atoms.map(({ position }, i) =>
    vectorMatrix(nearestImage(end.atoms[i]!.position, position), rows),
  );
  const lattice = { cell: start.cell, centring: centring(start.spaceGroup) };
  const frames = standardZones(start.spaceGroup).map((zone) => zoneFrame({ ...lattice, zone }));
  const inPlane = (v: Vec3, { x, y }: ZoneFrame): readonly [number, number] => [
    dot(v, x),
    dot(v, y),
  ];
  const shown = frames.map((frame) =>
    moves.reduce((sum, move) => sum + Math.hypot(...inPlane(move, frame)), 0),
  );
  const frame = frames[shown.indexOf(Math.max(...shown))]!;
  const project = (v: Vec3) => inPlane(vectorMatrix(v, rows), frame);
  const corners = [0, 1].flatMap((a) => [0, 1].flatMap((b) => [0, 1].map((c): Vec3 => [a, b, c])));
  return {
    t,
    zone: frame.zone,
    edges: corners.flatMap((one, i) =>
      corners
        .slice(i + 1)
        .filter((other) => other.filter((v, k) => v !== one[k]).length === 1)
        .map((other) => [project(one), project(other)] as const),
    ),
    atoms: start.atoms.map(({ element, position }, i) => ({
      element: elementSymbol(element),
      at: project(position),
      move: inPlane(moves[i]!, frame),
      length: norm(moves[i]!),
    })),
  };
}
