import { type Kernels, kernels } from '../../src/engine/kernels.ts';
import {
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tf,
} from '../../src/engine/tf.ts';
import { custom, fusedOperation, withBias } from '../training/layers.ts';
import type { CrystalBatch } from './codec.ts';
import { atomicVolumeOf, type ElementTensors, type OpenTensors, SURROUNDINGS } from './features.ts';

/** Largest moves in angstrom: along the pulls of neighbours, and freely. */
const PULL = 0.35;
const FREE = 0.35;
/** Largest changes of log lengths, of angles (radians) and of the logarithm of the volume. */
const LENGTH = 0.12;
const ANGLE = 0.1;
const VOLUME = 0.15;
/** Largest preference of an element over what the reference's is like, in logits. */
const PREFERENCE = 1.5;
/** Jitter of log lengths and angles, shares of that of coordinates. */
const CELL_JITTER = 0.3;

/** A layer's product of input and kernel, and its bias. */
export interface Raw {
  product: Tensor2D;
  bias: Tensor1D;
}

const bent = ({ product, bias }: Raw): Tensor2D => withBias(product, bias).tanh();

/**
 * Probabilities as chosen elements: one-hot forward, the softmax's gradient backward
 * (straight-through Gumbel softmax, Jang et al. 2017).
 */
function straightThrough(logits: Tensor3D): Tensor3D {
  const soft = logits.softmax(2) as Tensor3D;
  const hard = tf.oneHot(logits.argMax(2).toInt(), logits.shape[2]).toFloat();
  return custom<Tensor3D>(() => ({ value: hard, gradFunc: (upstream) => upstream }))(soft);
}

/** What decides on the element of a slot. */
interface Tastes {
  /** (B K, E) preferences of elements, and (B K, 1) how much it counts to be like the reference's. */
  species: Raw;
  warmth: Raw;
  /** (B, K, E) Gumbel noise. */
  gumbel: Tensor3D;
}

/** An element for each slot, (B, K, E), starting from those that are like the reference's. */
export function pickElements(
  batch: CrystalBatch,
  elements: ElementTensors,
  tastes: Tastes,
): Tensor3D {
  const run = kernels();
  if (run) return fusedPick(run, batch, elements, tastes);
  const shape = batch.species.shape;
  const like = batch.species.reshape([-1, shape[2]]).matMul<Tensor2D>(elements.likeness);
  const logits = like
    .mul(bent(tastes.warmth).exp())
    .add(bent(tastes.species).mul(PREFERENCE))
    .reshape(shape)
    .add(tastes.gumbel);
  return straightThrough(logits as Tensor3D).mul(batch.slotMask) as Tensor3D;
}

function fusedPick(
  run: Kernels,
  batch: CrystalBatch,
  elements: ElementTensors,
  { species, warmth, gumbel }: Tastes,
): Tensor3D {
  const inputs = [species.product, species.bias, warmth.product, warmth.bias];
  const rest = () => [batch.species, elements.likeness, batch.slotMask, tf.scalar(PREFERENCE)];
  const [picked] = fusedOperation(inputs, {
    forward: (save) => {
      const outputs = run('CbedPickElements', [...inputs, ...rest(), gumbel], 3);
      save([...outputs.slice(1), ...inputs]);
      return [outputs[0]!];
    },
    backward: ([upstream], saved) =>
      run('CbedPickElementsGrad', [upstream!, ...saved, ...rest()], 4),
  });
  return picked as Tensor3D;
}

/** Cells (B, 6) that follow the volume of their atoms and change by what a layer (B, 7) says. */
export function changeCells(
  batch: CrystalBatch,
  elements: ElementTensors,
  { raw, species }: { raw: Raw; species: Tensor3D },
): Tensor2D {
  const run = kernels();
  if (run) return fusedCells(run, batch, elements, { raw, species });
  const change = bent(raw);
  const grown = atomicVolumeOf(batch, { species }, elements)
    .log()
    .sub(atomicVolumeOf(batch, batch, elements).log())
    .add(change.slice([0, 6], [-1, 1]).mul(VOLUME))
    .div(3);
  const zeros = tf.zerosLike(grown);
  const whole = tf.concat([grown, grown, grown, zeros, zeros, zeros], 1);
  const scale = tf.tensor2d([LENGTH, LENGTH, LENGTH, ANGLE, ANGLE, ANGLE], [1, 6]);
  const [b] = batch.cells.shape;
  const scaled = change.slice([0, 0], [-1, 6]).mul(scale).reshape([b, 1, 6]) as Tensor3D;
  const free = tf.matMul(scaled, batch.cellFreedom).reshape([b, 6]);
  return batch.cells.add(whole).add(free) as Tensor2D;
}

function fusedCells(
  run: Kernels,
  batch: CrystalBatch,
  elements: ElementTensors,
  { raw, species }: { raw: Raw; species: Tensor3D },
): Tensor2D {
  const inputs = [raw.product, raw.bias, species];
  const rest = () => [
    ...[batch.slots, batch.multiplicity, elements.volumes, batch.cellFreedom],
    ...[batch.species, batch.cells, tf.tensor1d([LENGTH, ANGLE, VOLUME])],
  ];
  const [cells] = fusedOperation(inputs, {
    forward: (save) => {
      save(inputs);
      return run('CbedChangeCells', [...inputs, ...rest()], 1);
    },
    backward: ([upstream], saved) =>
      run('CbedChangeCellsGrad', [upstream!, ...saved, ...rest()], 3),
  });
  return cells as Tensor2D;
}

/**
 * Positions (B, S, 3) of sites that move along the pulls (B, S, SURROUNDINGS, 3) of their neighbours and
 * freely, as far as their site symmetry lets them, by what a layer (B S, SURROUNDINGS + 3) says.
 */
export function changePositions(
  batch: CrystalBatch,
  { raw, pulls }: { raw: Raw; pulls: Tensor4D },
): Tensor3D {
  const run = kernels();
  if (run) return fusedPositions(run, batch, { raw, pulls });
  const [b, s] = batch.mask.shape;
  const moves = bent(raw).reshape([b, s, 1, SURROUNDINGS + 3]);
  const pull = moves.slice([0, 0, 0, 0], [-1, -1, -1, SURROUNDINGS]).mul(PULL) as Tensor4D;
  const along = tf.matMul(pull, pulls);
  const lengths = batch.cells.slice([0, 0], [-1, 3]).exp().reshape([b, 1, 1, 3]);
  const free = moves.slice([0, 0, 0, SURROUNDINGS], [-1, -1, -1, 3]).mul(FREE).div(lengths);
  const allowed = tf.matMul(along.add(free) as Tensor4D, batch.freedom).reshape([b, s, 3]);
  return batch.positions.add(allowed) as Tensor3D;
}

function fusedPositions(
  run: Kernels,
  batch: CrystalBatch,
  { raw, pulls }: { raw: Raw; pulls: Tensor4D },
): Tensor3D {
  const inputs = [raw.product, raw.bias];
  const rest = (pulling: Tensor) => [
    ...[pulling, batch.freedom, batch.positions, batch.cells, tf.tensor1d([PULL, FREE])],
  ];
  const [positions] = fusedOperation(inputs, {
    forward: (save) => {
      save([...inputs, pulls]);
      return run('CbedChangePositions', [...inputs, ...rest(pulls)], 1);
    },
    backward: ([upstream], [product, bias, pulling]) =>
      run('CbedChangePositionsGrad', [upstream!, product!, bias!, ...rest(pulling!)], 2),
  });
  return positions as Tensor3D;
}

/** Standard normal numbers that jitter is made from: (B, S, 3) and (B, 6). */
interface JitterNoise {
  sites: Tensor3D;
  cells: Tensor2D;
}

/** Crystals with sites moved along what is free, by so many angstrom, and cells changed, at random. */
export function jitterCrystals(
  batch: CrystalBatch,
  open: OpenTensors,
  { noise, jitter }: { noise: JitterNoise; jitter: number },
): OpenTensors {
  const run = kernels();
  if (run) return fusedJitter(run, batch, open, { noise, jitter });
  const [b, s] = batch.mask.shape;
  const lengths = open.cells.slice([0, 0], [-1, 3]).exp().reshape([b, 1, 3]);
  const move = noise.sites.mul(jitter).div(lengths).reshape([b, s, 1, 3]) as Tensor4D;
  const along = tf.matMul(move, batch.freedom).reshape([b, s, 3]);
  const change = noise.cells.mul(CELL_JITTER * jitter).reshape([b, 1, 6]) as Tensor3D;
  const cells = tf.matMul(change, batch.cellFreedom).reshape([b, 6]);
  return {
    species: open.species,
    positions: open.positions.add(along) as Tensor3D,
    cells: open.cells.add(cells) as Tensor2D,
  };
}

function fusedJitter(
  run: Kernels,
  batch: CrystalBatch,
  open: OpenTensors,
  { noise, jitter }: { noise: JitterNoise; jitter: number },
): OpenTensors {
  const inputs = [open.positions, open.cells];
  const rest = (sites: Tensor, cells: Tensor) => [
    ...[sites, cells, batch.freedom, batch.cellFreedom],
    tf.tensor1d([jitter, CELL_JITTER * jitter]),
  ];
  const [positions, cells] = fusedOperation(inputs, {
    forward: (save) => {
      save([...inputs, noise.sites, noise.cells]);
      return run('CbedJitterCrystals', [...inputs, ...rest(noise.sites, noise.cells)], 2);
    },
    backward: (upstreams, [at, cell, sites, changes]) => [
      upstreams[0]!,
      ...run('CbedJitterCrystalsGrad', [...upstreams, at!, cell!, ...rest(sites!, changes!)], 1),
    ],
  }) as [Tensor3D, Tensor2D];
  return { species: open.species, positions, cells };
}

/** Crystals with what stands in their slots. */
type Filled = Pick<CrystalBatch, 'species' | 'slotMask'>;

/** Shares of elements (E) among the slots of crystals. */
const elementShares = ({ species, slotMask }: Filled): Tensor1D =>
  species.sum([0, 1]).div(slotMask.sum()) as Tensor1D;

/**
 * How far the elements of generated crystals are from being as frequent as those of real ones, squared and
 * relative to how often either has them: what a batch shows of it, a discriminator of crystals learns late.
 * Differentiable in the elements of generated ones.
 */
export function frequencyLoss(real: Filled, made: Filled): Scalar {
  const run = kernels();
  if (!run) {
    const [had, has] = [elementShares(real), elementShares(made)];
    return had.sub(has).square().div(had.add(has).add(0.01)).sum<Scalar>();
  }
  const [loss] = fusedOperation([made.species], {
    forward: (save) => {
      const inputs = [real.species, real.slotMask, made.species, made.slotMask];
      const outputs = run('CbedFrequency', inputs, 2);
      save([outputs[1]!, made.species]);
      return [outputs[0]!];
    },
    backward: ([upstream], saved) => run('CbedFrequencyGrad', [upstream!, ...saved], 1),
  });
  return loss as Scalar;
}
