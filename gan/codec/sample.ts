import { MODES, type TripletDiscs } from '../../src/codec/discs.ts';
import { storedPixels } from '../../src/codec/render.ts';
import { type ProgressFactory, silentProgress } from '../../src/common/progress.ts';
import { Stream } from '../../src/common/stream.ts';
import type { Cell } from '../../src/crystal/crystal.ts';
import { type Tensor2D, tf } from '../../src/engine/tf.ts';
import type { GanModel } from './model.ts';
import type { Decoding, DecodingPlan } from './plan.ts';
import { joinRows } from './vectors.ts';

/** Where a synthetic triplet comes from: enough to draw it again. */
export interface Origin extends Decoding {
  /** (latent) */
  z: Float32Array;
  /** (embedding) added to the class embedding; none where absent. */
  offset?: Float32Array;
}

/** A drawn triplet in the codec's terms. */
export interface Drawn {
  /** (S, S, 3) stored pixels. */
  pixels: Uint8Array;
  cell: Cell;
  /** (S slots) level of each slot's disc, ln above the floor; NaN where there is no such disc. */
  levels: Float32Array;
  /** (width) the codec vector. */
  vector: Float32Array;
}

/**
 * Triplets are drawn in blocks of this many, short ones padded: the engine's products round
 * differently for other numbers of rows, and a triplet drawn again must be the same to the bit.
 */
export const BLOCK = 32;

/** Latent vector number `index` of a seed and a space group; shortened by `truncation` below 1. */
export const latentOf = (
  model: { shape: { latent: number } },
  options: { seed: number; spaceGroup: number; index: number; truncation?: number },
): Float32Array =>
  new Stream(options.seed, `latent/${options.spaceGroup}/${options.index}`).normals(
    model.shape.latent,
    options.truncation ?? 1,
  );

/** Level of every slot of each planned triplet. */
function slotLevels(
  model: GanModel,
  plan: DecodingPlan,
  coefficients: Float32Array,
): Float32Array[] {
  const { slots } = model.space.frame;
  const levels = Array.from({ length: plan.count }, () => new Float32Array(slots.count).fill(NaN));
  plan.source.forEach((source, disc) => {
    const row = Math.floor(source / slots.count);
    if (row < plan.count) levels[row]![source % slots.count] = coefficients[disc * MODES]!;
  });
  return levels;
}

/** Codec vectors of origins, (B, width). */
export function vectorsOf(model: GanModel, origins: readonly Origin[]): Tensor2D {
  return tf.tidy(() => {
    const { latent, embedding } = model.shape;
    const z = tf.tensor2d(joinRows(origins.map((origin) => origin.z)).values, [
      origins.length,
      latent,
    ]);
    const still = new Float32Array(embedding);
    const offsets = joinRows(origins.map((origin) => origin.offset ?? still)).values;
    const moved = model.embeddings(origins).add(tf.tensor2d(offsets, [origins.length, embedding]));
    return model.vectors(z, moved as Tensor2D);
  });
}

/** Draws at most `BLOCK` triplets. */
async function drawBlock(model: GanModel, origins: readonly Origin[]): Promise<Drawn[]> {
  const padded = [...origins];
  while (padded.length < BLOCK) padded.push(origins[0]!);
  const vectors = vectorsOf(model, padded);
  const values = (await vectors.data()) as Float32Array;
  const plan = model.plan(values, padded);
  const images = model.draw(vectors, plan);
  const pixels = await storedPixels(images);
  const levels = slotLevels(model, plan, model.coefficients(vectors, plan));
  tf.dispose([vectors, images]);
  const each = pixels.length / padded.length;
  const width = model.shape.vector;
  return origins.map((_, i) => ({
    pixels: pixels.slice(i * each, (i + 1) * each),
    cell: plan.cells[i]!,
    levels: levels[i]!,
    vector: values.slice(i * width, (i + 1) * width),
  }));
}

/** Draws one triplet again at its place in a block, the same to the bit. */
export async function drawAgain(model: GanModel, origin: Origin, place: number): Promise<Drawn> {
  const block = await drawBlock(model, Array(BLOCK).fill(origin));
  return block[place]!;
}

/** Draws triplets from their origins, in order; equal origins at equal places give equal pixels. */
export async function drawTriplets(
  model: GanModel,
  origins: readonly Origin[],
  progress: ProgressFactory = silentProgress,
): Promise<Drawn[]> {
  const bar = progress('drawing triplets', origins.length);
  const drawn: Drawn[] = [];
  for (let from = 0; from < origins.length; from += BLOCK) {
    const block = origins.slice(from, from + BLOCK);
    drawn.push(...(await drawBlock(model, block)));
    bar.advance(block.length);
  }
  bar.done();
  return drawn;
}

/** Triplets as lattices and disc coefficients, from their origins, in order; nothing is drawn. */
export function describeTriplets(
  model: GanModel,
  origins: readonly Origin[],
): { cell: Cell; discs: TripletDiscs }[] {
  const described: { cell: Cell; discs: TripletDiscs }[] = [];
  for (let from = 0; from < origins.length; from += BLOCK) {
    const block = origins.slice(from, from + BLOCK);
    const vectors = vectorsOf(model, block);
    const plan = model.plan(vectors.dataSync<'float32'>(), block);
    const triplets = model.triplets(vectors, plan);
    vectors.dispose();
    described.push(...triplets.map((discs, i) => ({ cell: plan.cells[i]!, discs })));
  }
  return described;
}

/** Random triplets of a class. */
export interface RandomRequest {
  spaceGroup: number;
  count: number;
  seed: number;
  truncation?: number;
}

/** Origins of `count` random triplets of a class. */
export function randomOrigins(model: GanModel, options: RandomRequest): Origin[] {
  const label = model.labelOf(options.spaceGroup);
  return Array.from({ length: options.count }, (_, index) => ({
    label,
    z: latentOf(model, { ...options, index }),
  }));
}
