import { kernels } from '../../src/engine/kernels.ts';
import { ParameterLayout, type Weights } from '../../src/engine/parameters.ts';
import { type Tensor1D, type Tensor2D, type Tensor3D, tf } from '../../src/engine/tf.ts';
import { fusedOperation, project } from '../training/layers.ts';
import { changeCells, changePositions, pickElements, type Raw } from './changes.ts';
import { type CrystalBatch, REFLECTIONS } from './codec.ts';
import { type ElementTensors, type OpenTensors, SURROUNDINGS } from './features.ts';
import { type Appearance, GLOBAL, type ReferenceView, TOKEN, viewReferences } from './look.ts';
import {
  biasOf,
  denseLeaky,
  kernelOf,
  type LayerUse,
  layerOverRows,
  poolSites,
  slotMeans,
  withGroupSpread,
} from './site-layers.ts';

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

const denseSpecs = (name: string, inputs: number, outputs: number, scale = 1) => [
  {
    name: `${name}/kernel`,
    shape: [inputs, outputs],
    start: { normal: scale / Math.sqrt(2 * inputs) },
  },
  { name: `${name}/bias`, shape: [outputs], start: 'zeros' as const },
];

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

const rawOf = (x: Tensor2D, weights: Weights, name: string): Raw => ({
  product: project(x, kernelOf(weights, name)),
  bias: biasOf(weights, name),
});

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
  given: { latents: Latents; elements: ElementTensors; view?: ReferenceView },
): OpenTensors {
  const { latents, elements } = given;
  const { tokens, pulls, crystal } = given.view ?? viewReferences(batch, elements);
  const embedding = project(codes, weights['class/embedding'] as Tensor2D);
  const condition = tf.concat([latents.crystal, embedding], 1) as Tensor2D;
  const drawn = latents.sites.reshape([-1, latents.sites.shape[2]]) as Tensor2D;
  const first = layerOverRows(tf.concat([tokens, drawn], 1), condition, weights, 'sites', {
    outermost: true,
  });
  const pooled = tf.concat([poolSites(first, batch.mask), condition, crystal], 1) as Tensor2D;
  const context = denseLeaky(pooled, weights, 'context');
  const again = layerOverRows(first, context, weights, 'again');
  const slot = layerOverRows(slotMeans(again, batch.slots), context, weights, 'slots');
  const species = pickElements(batch, elements, {
    species: rawOf(slot, weights, 'species'),
    warmth: rawOf(slot, weights, 'warmth'),
    gumbel: latents.gumbel,
  });
  const cells = changeCells(batch, elements, { raw: rawOf(context, weights, 'cell'), species });
  const positions = changePositions(batch, { raw: rawOf(again, weights, 'moves'), pulls });
  return { positions, species, cells };
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
  { mask, use = {} }: { mask: Tensor3D; use?: LayerUse },
): Tensor2D {
  const first = denseLeaky(sites, weights, 'sites', use);
  const tokens = denseLeaky(first, weights, 'again', { ...use, outermost: false });
  return tf.concat([poolSites(tokens, mask), crystal], 1) as Tensor2D;
}

/** How crystals are judged. */
interface Judging {
  /** (B, S, 1) which sites there are. */
  mask: Tensor3D;
  /** (B, code) */
  codes: Tensor2D;
  /** How much every group is said to differ; what it does, if absent. */
  spread?: number;
  /** What is differentiated: everything, once, by default. */
  use?: LayerUse;
}

/**
 * The projection discriminator: scores (B) of crystals under class codes; high for real. Rows come
 * in groups of one class, and it sees how far the crystals of a group differ; with `spread` every
 * group is said to differ that much, and a score is of its own crystal only.
 */
export function scoreCrystals(
  weights: Weights,
  appearances: Appearance,
  { mask, codes, spread, use = {} }: Judging,
): Tensor1D {
  const seen = discriminatorFeatures(weights, appearances, { mask, use });
  const inner = { ...use, outermost: false };
  const compared =
    spread === undefined
      ? withGroupSpread(seen)
      : (tf.concat([seen, tf.fill([seen.shape[0], 1], spread)], 1) as Tensor2D);
  const hidden = denseLeaky(compared, weights, 'first', inner);
  const features = denseLeaky(hidden, weights, 'second', inner);
  const projection = project(codes, weights['class/projection'] as Tensor2D);
  return projectedScores(features, projection, weights, use.twice);
}

/** Features (B, hidden) times their direction: projection of the class / sqrt(hidden), and the same for all. */
function projectedScores(
  features: Tensor2D,
  projection: Tensor2D,
  weights: Weights,
  twice = false,
): Tensor1D {
  const width = features.shape[1];
  const [out, bias] = [kernelOf(weights, 'out'), biasOf(weights, 'out')];
  const run = twice ? null : kernels();
  if (!run) {
    const direction = projection.div(Math.sqrt(width)).add(out.reshape([1, width]));
    return features.mul(direction).sum(1).add(bias).reshape([-1]) as Tensor1D;
  }
  const inputs = [features, projection, out, bias];
  const [scores] = fusedOperation(inputs, {
    forward: (save) => {
      const outputs = run('CbedScores', inputs, 2);
      save([features, outputs[1]!]);
      return [outputs[0]!];
    },
    backward: ([upstream], [rows, direction]) => {
      const [dFeatures, dDirection] = run('CbedScoresGrad', [upstream!, rows!, direction!], 2);
      const [dProjection, dOut] = run('CbedDirectionGrad', [dDirection!], 2);
      return [dFeatures!, dProjection!, dOut!.reshape([width, 1]), upstream!.sum().reshape([1])];
    },
  });
  return scores as Tensor1D;
}
