import { ParameterLayout, type Weights } from '../../src/engine/parameters.ts';
import {
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tf,
} from '../../src/engine/tf.ts';
import { groupSpread } from '../codec/networks.ts';
import { custom, dense, leakyRelu, project } from '../training/layers.ts';
import { type CrystalBatch, PROPERTIES, REFLECTIONS, SITE_FACTS } from './codec.ts';
import {
  amplitudes,
  atomicVolumeOf,
  type ElementTensors,
  type OpenTensors,
  packingOf,
  SURROUNDINGS,
  siteProperties,
  surroundings,
} from './features.ts';

/** Sizes of both networks. */
export interface CrystalShape {
  /** Length of the latent vector of a crystal, and of each of its sites. */
  latent: number;
  siteLatent: number;
  /** Length of the class embedding. */
  embedding: number;
  /** Width of the layers over sites, and over crystals. */
  tokens: number;
  hidden: number;
  /** Elements to choose from. */
  elements: number;
  /** Length of a class code: one place a class and one a crystal system. */
  code: number;
}

/** Largest moves in angstrom: along the pulls of neighbours, and freely. */
const PULL = 0.35;
const FREE = 0.35;
/** Largest changes of log lengths, of angles (radians) and of the logarithm of the volume. */
const LENGTH = 0.12;
const ANGLE = 0.1;
const VOLUME = 0.15;
/** Largest preference of an element over what the reference's is like, in logits. */
const PREFERENCE = 1.5;
/** Numbers of the class-independent part of a crystal: cell ratios, angles, packing, sites. */
const GLOBAL = 8;

const TOKEN = SITE_FACTS + PROPERTIES + SURROUNDINGS;

const denseSpecs = (name: string, inputs: number, outputs: number, scale = 1) => [
  {
    name: `${name}/kernel`,
    shape: [inputs, outputs],
    start: { normal: scale / Math.sqrt(2 * inputs) },
  },
  { name: `${name}/bias`, shape: [outputs], start: 'zeros' as const },
];

const denseOf = (x: Tensor2D, weights: Weights, name: string): Tensor2D =>
  dense(x, weights[`${name}/kernel`] as Tensor2D, weights[`${name}/bias`] as Tensor1D);

/** The same for each of the sites (B, S, n). */
function denseOver(x: Tensor3D, weights: Weights, name: string): Tensor3D {
  const [b, s, n] = x.shape;
  const y = denseOf(x.reshape([b * s, n]), weights, name);
  return y.reshape([b, s, y.shape[1]]);
}

/** Mean over the sites that there are, (B, n). */
const meanSites = (x: Tensor3D, mask: Tensor3D): Tensor2D =>
  x.mul(mask).sum(1).div(mask.sum(1)) as Tensor2D;

const sumSites = (x: Tensor3D, mask: Tensor3D): Tensor2D => x.mul(mask).sum(1).div(4) as Tensor2D;

/** A row of each crystal (B, n) given to each of its sites (B, S, n). */
const toSites = (x: Tensor2D, sites: number): Tensor3D =>
  x.reshape([x.shape[0], 1, x.shape[1]]).tile([1, sites, 1]) as Tensor3D;

/** Weights of the generator. */
export const crystalGeneratorLayout = (shape: CrystalShape): ParameterLayout =>
  new ParameterLayout([
    { name: 'class/embedding', shape: [shape.code, shape.embedding], start: { normal: 0.7 } },
    ...denseSpecs(
      'sites',
      TOKEN + 6 + shape.siteLatent + shape.latent + shape.embedding,
      shape.tokens,
    ),
    ...denseSpecs(
      'context',
      2 * shape.tokens + shape.latent + shape.embedding + GLOBAL,
      shape.hidden,
    ),
    ...denseSpecs('again', shape.tokens + shape.hidden, shape.tokens),
    ...denseSpecs('moves', shape.tokens, SURROUNDINGS + 3, 0.3),
    ...denseSpecs('slots', shape.tokens + shape.hidden, shape.tokens),
    ...denseSpecs('species', shape.tokens, shape.elements, 0.3),
    ...denseSpecs('warmth', shape.tokens, 1, 0.1),
    ...denseSpecs('cell', shape.hidden, 7, 0.3),
  ]);

/** What a generator draws from. */
export interface Latents {
  /** (B, latent), (B, S, siteLatent). */
  crystal: Tensor2D;
  sites: Tensor3D;
  /** (B, K, E) Gumbel noise. */
  gumbel: Tensor3D;
}

/** The numbers of a crystal beside its sites, (B, GLOBAL). */
function globals(batch: CrystalBatch, open: OpenTensors, elements: ElementTensors): Tensor2D {
  const lengths = open.cells.slice([0, 0], [-1, 3]);
  const ratios = lengths.sub(lengths.mean(1, true));
  const angles = open.cells.slice([0, 3], [-1, 3]).sub(Math.PI / 2);
  const packing = packingOf(batch, open, elements).mul(3);
  const count = batch.mask.sum(1).sub(4).div(4) as Tensor2D;
  return tf.concat([ratios, angles.mul(2), packing, count], 1) as Tensor2D;
}

/**
 * Probabilities as chosen elements: one-hot forward, the softmax's gradient backward
 * (straight-through Gumbel softmax, Jang et al. 2017).
 */
function straightThrough(logits: Tensor3D): Tensor3D {
  const soft = logits.softmax(2) as Tensor3D;
  const hard = tf.oneHot(logits.argMax(2).toInt(), logits.shape[2]).toFloat();
  return custom<Tensor3D>(() => ({ value: hard, gradFunc: (upstream) => upstream }))(soft);
}

/**
 * The generator: from a reference crystal (known, of broken symmetry, or from priors) under class codes
 * and latent vectors to a new one with the same skeleton. It chooses an element for each slot,
 * starting from those that are like the reference's; moves sites along the pulls of their neighbours
 * and freely, as far as their site symmetry lets them; and changes the cell, whose volume follows
 * its atoms.
 */
export function generateOpen(
  weights: Weights,
  batch: CrystalBatch,
  codes: Tensor2D,
  { latents, elements }: { latents: Latents; elements: ElementTensors },
): OpenTensors {
  const reference: OpenTensors = batch;
  const [, s] = batch.mask.shape;
  const embedding = project(codes, weights['class/embedding'] as Tensor2D);
  const condition = tf.concat([latents.crystal, embedding], 1);
  const around = surroundings(batch, reference, elements);
  const turns = reference.positions.mul(2 * Math.PI);
  const token = tf.concat(
    [
      batch.facts,
      siteProperties(batch, reference, elements),
      around.counts.mul(0.5),
      turns.cos(),
      turns.sin(),
      latents.sites,
      toSites(condition, s),
    ],
    2,
  );
  const first = leakyRelu(denseOver(token as Tensor3D, weights, 'sites'));
  const pooled = tf.concat(
    [
      meanSites(first, batch.mask),
      sumSites(first, batch.mask),
      condition,
      globals(batch, reference, elements),
    ],
    1,
  );
  const context = leakyRelu(denseOf(pooled as Tensor2D, weights, 'context'));
  const again = leakyRelu(
    denseOver(tf.concat([first, toSites(context, s)], 2) as Tensor3D, weights, 'again'),
  );
  const species = chooseSpecies(weights, batch, { again, context, latents, elements });
  const cells = changeCell(weights, batch, { species, context, elements });
  const moves = denseOver(again, weights, 'moves');
  const pull = moves.slice([0, 0, 0], [-1, -1, SURROUNDINGS]).tanh().mul(PULL);
  const [b] = batch.mask.shape;
  const along = tf
    .matMul(pull.reshape([b, s, 1, SURROUNDINGS]) as Tensor4D, around.pulls)
    .reshape([b, s, 3]);
  const lengths = reference.cells.slice([0, 0], [-1, 3]).exp().reshape([b, 1, 3]);
  const free = moves.slice([0, 0, SURROUNDINGS], [-1, -1, 3]).tanh().mul(FREE).div(lengths);
  const limited = along.add(free).reshape([b, s, 1, 3]) as Tensor4D;
  const allowed = tf.matMul(limited, batch.freedom as Tensor4D).reshape([b, s, 3]);
  return { positions: reference.positions.add(allowed) as Tensor3D, species, cells };
}

/** An element for each slot, (B, K, E). */
function chooseSpecies(
  weights: Weights,
  batch: CrystalBatch,
  given: { again: Tensor3D; context: Tensor2D; latents: Latents; elements: ElementTensors },
): Tensor3D {
  const { again, context, latents, elements } = given;
  const [b, , k] = batch.slots.shape;
  const e = elements.usual.shape[0];
  const members = batch.slots.sum(1).maximum(1).reshape([b, k, 1]);
  const ofSlots = tf.matMul(batch.slots, again, true, false).div(members) as Tensor3D;
  const slot = leakyRelu(
    denseOver(tf.concat([ofSlots, toSites(context, k)], 2) as Tensor3D, weights, 'slots'),
  );
  const like = batch.species
    .reshape([b * k, e])
    .matMul(elements.likeness)
    .reshape([b, k, e]);
  const warmth = denseOver(slot, weights, 'warmth').tanh().exp();
  const logits = like
    .mul(warmth)
    .add(denseOver(slot, weights, 'species').tanh().mul(PREFERENCE))
    .add(latents.gumbel);
  return straightThrough(logits as Tensor3D).mul(batch.slotMask) as Tensor3D;
}

/** Cells (B, 6) that follow the volume of their atoms. */
function changeCell(
  weights: Weights,
  batch: CrystalBatch,
  given: { species: Tensor3D; context: Tensor2D; elements: ElementTensors },
): Tensor2D {
  const { species, context, elements } = given;
  const raw = denseOf(context, weights, 'cell').tanh();
  const grown = atomicVolumeOf(batch, { species }, elements)
    .log()
    .sub(atomicVolumeOf(batch, batch, elements).log())
    .add(raw.slice([0, 6], [-1, 1]).mul(VOLUME))
    .div(3);
  const zeros = tf.zerosLike(grown);
  const whole = tf.concat([grown, grown, grown, zeros, zeros, zeros], 1);
  const scale = tf.tensor2d([LENGTH, LENGTH, LENGTH, ANGLE, ANGLE, ANGLE], [1, 6]);
  const change = raw.slice([0, 0], [-1, 6]).mul(scale);
  const [b] = change.shape;
  const free = tf.matMul(change.reshape([b, 1, 6]) as Tensor3D, batch.cellFreedom).reshape([b, 6]);
  return batch.cells.add(whole).add(free) as Tensor2D;
}

/** What the discriminator sees of crystals; the gradient penalty is taken with respect to it. */
export interface Appearance {
  /** (B, S, TOKEN) */
  sites: Tensor3D;
  /** (B, GLOBAL + H) */
  crystal: Tensor2D;
}

/** Sites, species, surroundings, cell and diffraction of crystals, and how much atoms clash, (B). */
export function appearance(
  batch: CrystalBatch,
  open: OpenTensors,
  elements: ElementTensors,
): Appearance & { clash: Tensor1D } {
  const around = surroundings(batch, open, elements);
  const sites = tf.concat(
    [batch.facts, siteProperties(batch, open, elements), around.counts.mul(0.5)],
    2,
  ) as Tensor3D;
  const crystal = tf.concat(
    [globals(batch, open, elements), amplitudes(batch, open, elements).mul(0.5)],
    1,
  ) as Tensor2D;
  return {
    sites: sites.mul(batch.mask),
    crystal,
    clash: around.clash.mul(batch.mask).sum([1, 2]) as Tensor1D,
  };
}

/** Weights of the discriminator; `class/projection` is the table of Miyato and Koyama (2018). */
export const crystalDiscriminatorLayout = (shape: CrystalShape): ParameterLayout =>
  new ParameterLayout([
    { name: 'class/projection', shape: [shape.code, shape.hidden], start: { normal: 0.1 } },
    ...denseSpecs('sites', TOKEN, shape.tokens),
    ...denseSpecs('again', shape.tokens, shape.tokens),
    ...denseSpecs('first', 2 * shape.tokens + GLOBAL + 3 * REFLECTIONS + 1, shape.hidden),
    ...denseSpecs('second', shape.hidden, shape.hidden),
    ...denseSpecs('out', shape.hidden, 1),
  ]);

/** What the discriminator makes of sites and crystal before it compares those of a group. */
export function discriminatorFeatures(
  weights: Weights,
  { sites, crystal }: Appearance,
  mask: Tensor3D,
): Tensor2D {
  const first = leakyRelu(denseOver(sites, weights, 'sites'));
  const tokens = leakyRelu(denseOver(first, weights, 'again'));
  return tf.concat([meanSites(tokens, mask), sumSites(tokens, mask), crystal], 1) as Tensor2D;
}

/**
 * The projection discriminator: scores (B) of crystals under class codes; high for real. Rows come
 * in groups of one class, and it sees how far the crystals of a group differ; with `spread` every
 * group is said to differ that much, and a score is of its own crystal only.
 */
export function scoreCrystals(
  weights: Weights,
  appearances: Appearance,
  mask: Tensor3D,
  { codes, spread }: { codes: Tensor2D; spread?: number },
): Tensor1D {
  const seen = discriminatorFeatures(weights, appearances, mask);
  const differs = spread === undefined ? groupSpread(seen) : tf.fill([seen.shape[0], 1], spread);
  const hidden = leakyRelu(denseOf(tf.concat([seen, differs], 1) as Tensor2D, weights, 'first'));
  const features = leakyRelu(denseOf(hidden, weights, 'second'));
  const width = features.shape[1];
  const direction = project(codes, weights['class/projection'] as Tensor2D)
    .div(Math.sqrt(width))
    .add((weights['out/kernel'] as Tensor2D).reshape([1, width]));
  return features.mul(direction).sum(1).add(weights['out/bias']!).reshape([-1]) as Tensor1D;
}
