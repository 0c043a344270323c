import { Stream } from '../../src/common/stream.ts';
import { numbersOf } from '../../src/engine/numbers.ts';
import { type Tensor1D, type Tensor2D, tf } from '../../src/engine/tf.ts';
import { decodeCrystal, disposeBatch, encodeCrystals, MOST } from './codec.ts';
import type { ElementTensors } from './features.ts';
import { type CrystalShape, crystalGeneratorLayout, generateOpen } from './networks.ts';
import type { CrystalSources, ReferenceCrystal, SourceShares } from './skeleton-sources.ts';
import type { SkeletonCrystal } from './skeletons.ts';

/** Proposals go through the generator in blocks of this many, so that each always has its place. */
export const PROPOSAL_BLOCK = 32;

/** A crystal as the generator proposes it, not yet checked. */
export interface Proposal {
  spaceGroup: number;
  /** Seed and number of the proposal among those of its class: enough to make it again. */
  seed: number;
  index: number;
  reference: ReferenceCrystal;
  crystal: SkeletonCrystal;
}

/** What proposals are made with. */
export interface Proposer {
  sources: CrystalSources;
  shares: SourceShares;
  shape: CrystalShape;
  elements: ElementTensors;
  /** Flat weights of the generator. */
  weights: Tensor1D;
  /** Class code (code) of a space group. */
  codeOf(spaceGroup: number): Float32Array;
  /** Below 1: latent vectors nearer to the middle. */
  truncation?: number;
}

/** The proposal streams: everything that is drawn for one, in order. */
const streamOf = (seed: number, spaceGroup: number, index: number): Stream =>
  new Stream(seed, `crystal/${spaceGroup}/${index}`);

/** Latent numbers of one proposal. */
function latentOf(stream: Stream, shape: CrystalShape, truncation: number) {
  const gumbel = new Float32Array(MOST.slots * shape.elements);
  for (let i = 0; i < gumbel.length; i++) {
    gumbel[i] =
      -truncation * Math.log(-Math.log(Math.min(1 - 1e-9, Math.max(1e-9, stream.uniform()))));
  }
  return {
    crystal: stream.normals(shape.latent, truncation),
    sites: stream.normals(MOST.sites * shape.siteLatent, truncation),
    gumbel,
  };
}

const joined = (rows: readonly Float32Array[]): Float32Array => {
  const out = new Float32Array(rows.length * rows[0]!.length);
  rows.forEach((row, i) => {
    out.set(row, i * row.length);
  });
  return out;
};

/**
 * Proposals of a class by their numbers, at most `PROPOSAL_BLOCK` at once. Each stands in the block at its
 * number modulo `PROPOSAL_BLOCK` and does not depend on the others, so that it can be made again, the same to
 * the bit. Those for which no source has a reference are missing.
 */
export function proposeBlock(
  proposer: Proposer,
  { spaceGroup, seed, indices }: { spaceGroup: number; seed: number; indices: readonly number[] },
): Proposal[] {
  const { sources, shares, shape, elements, truncation = 1 } = proposer;
  const drawn = indices.flatMap((index) => {
    const stream = streamOf(seed, spaceGroup, index);
    const reference = sources.draw(spaceGroup, shares, stream.split('reference'));
    if (!reference) return [];
    return [{ index, reference, latent: latentOf(stream.split('latent'), shape, truncation) }];
  });
  if (drawn.length === 0) return [];
  const block = Array.from(
    { length: PROPOSAL_BLOCK },
    (_, place) => drawn.find(({ index }) => index % PROPOSAL_BLOCK === place) ?? drawn[0]!,
  );
  const batch = encodeCrystals(
    block.map(({ reference }) => reference.crystal),
    sources.elements,
  );
  const sizes = [3 * MOST.sites, MOST.slots * shape.elements, 6] as const;
  const values = numbersOf(() => {
    const latents = {
      crystal: tf.tensor2d(joined(block.map(({ latent }) => latent.crystal)), [
        PROPOSAL_BLOCK,
        shape.latent,
      ]),
      sites: tf.tensor3d(joined(block.map(({ latent }) => latent.sites)), [
        PROPOSAL_BLOCK,
        MOST.sites,
        shape.siteLatent,
      ]),
      gumbel: tf.tensor3d(joined(block.map(({ latent }) => latent.gumbel)), [
        PROPOSAL_BLOCK,
        MOST.slots,
        shape.elements,
      ]),
    };
    const code = proposer.codeOf(spaceGroup);
    const codes = tf.tensor2d(joined(block.map(() => code)), [PROPOSAL_BLOCK, code.length]);
    const weights = crystalGeneratorLayout(shape).named(proposer.weights);
    const open = generateOpen(weights, batch, codes, { latents, elements });
    const flat = [open.positions, open.species, open.cells].map((part) =>
      part.reshape([PROPOSAL_BLOCK, -1]),
    );
    return tf.concat(flat, 1) as Tensor2D;
  });
  disposeBatch(batch);
  const width = sizes.reduce((a, b) => a + b, 0);
  return drawn.map(({ index, reference }): Proposal => {
    const row = values.subarray(
      (index % PROPOSAL_BLOCK) * width,
      ((index % PROPOSAL_BLOCK) + 1) * width,
    );
    const open = {
      positions: row.subarray(0, sizes[0]),
      species: row.subarray(sizes[0], sizes[0] + sizes[1]),
      cells: row.subarray(sizes[0] + sizes[1]),
    };
    const crystal = decodeCrystal(reference.crystal, open, 0, sources.elements);
    return { spaceGroup, seed, index, reference, crystal };
  });
}
