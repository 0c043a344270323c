import { type Kernels, kernels } from '../../src/engine/kernels.ts';
import {
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tf,
} from '../../src/engine/tf.ts';
import { fusedOperation } from '../training/layers.ts';
import { type CrystalBatch, PROPERTIES, SITE_FACTS } from './codec.ts';
import {
  amplitudes,
  type ElementTensors,
  featureConstants,
  type OpenTensors,
  packingOf,
  SURROUNDINGS,
  siteProperties,
  surroundings,
} from './features.ts';

/** Numbers of the class-independent part of a crystal: cell ratios, angles, packing, sites. */
export const GLOBAL = 8;

/** Numbers of a site: facts, properties of its element, surroundings. */
export const TOKEN = SITE_FACTS + PROPERTIES + SURROUNDINGS;

/** What the discriminator sees of crystals; the gradient penalty is taken with respect to it. */
export interface Appearance {
  /** (B S, TOKEN) the sites of a crystal follow each other. */
  sites: Tensor2D;
  /** (B, GLOBAL + H) */
  crystal: Tensor2D;
}

/** What the generator sees of references; the same in every update of a step. */
export interface ReferenceView {
  [name: string]: Tensor;
  /** (B S, TOKEN + 6) sites, with cosines and sines of their coordinates. */
  tokens: Tensor2D;
  /** (B, S, SURROUNDINGS, 3) */
  pulls: Tensor4D;
  /** (B, GLOBAL) */
  crystal: Tensor2D;
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

/** Sites (B, S, TOKEN) before the mask, and how they are surrounded. */
function tokensOf(batch: CrystalBatch, open: OpenTensors, elements: ElementTensors) {
  const around = surroundings(batch, open, elements);
  const parts = [batch.facts, siteProperties(batch, open, elements), around.counts.mul(0.5)];
  return { tokens: tf.concat(parts, 2) as Tensor3D, around };
}

const asRows = (x: Tensor): Tensor2D => x.reshape([-1, x.shape.at(-1)!]);

/** Sites, species, surroundings, cell and diffraction of crystals, and how much atoms clash, (B). */
export function appearance(
  batch: CrystalBatch,
  open: OpenTensors,
  elements: ElementTensors,
): Appearance & { clash: Tensor1D } {
  const run = kernels();
  if (run) return fusedAppearance(run, batch, open, elements);
  const { tokens, around } = tokensOf(batch, open, elements);
  const crystal = tf.concat(
    [globals(batch, open, elements), amplitudes(batch, open, elements).mul(0.5)],
    1,
  ) as Tensor2D;
  return {
    sites: asRows(tokens.mul(batch.mask)),
    crystal,
    clash: around.clash.mul(batch.mask).sum([1, 2]) as Tensor1D,
  };
}

/** How references look to the generator; not differentiable. */
export function viewReferences(batch: CrystalBatch, elements: ElementTensors): ReferenceView {
  const run = kernels();
  if (run) {
    const inputs = kernelInputs(batch, batch, elements);
    const [tokens, pulls, crystal] = run('CbedViewCrystals', inputs, 3) as [
      Tensor2D,
      Tensor4D,
      Tensor2D,
    ];
    return { tokens, pulls, crystal };
  }
  const { tokens, around } = tokensOf(batch, batch, elements);
  const turns = batch.positions.mul(2 * Math.PI);
  return {
    tokens: asRows(tf.concat([tokens, turns.cos(), turns.sin()], 2)),
    pulls: around.pulls,
    crystal: globals(batch, batch, elements),
  };
}

/** What the kernels that see crystals take, in their order. */
function kernelInputs(batch: CrystalBatch, open: OpenTensors, elements: ElementTensors): Tensor[] {
  const { atoms, neighbours } = batch;
  return [
    ...[open.positions, open.species, open.cells],
    ...[batch.facts, batch.mask, batch.multiplicity, batch.slots],
    ...[atoms.site, atoms.rotation, atoms.translation, batch.centres],
    ...[neighbours.site, neighbours.rotation, neighbours.translation, batch.neighbourMask],
    ...[batch.reflections, elements.properties, elements.volumes, elements.factors],
    ...[elements.usual, elements.least, featureConstants()],
  ];
}

function fusedAppearance(
  run: Kernels,
  batch: CrystalBatch,
  open: OpenTensors,
  elements: ElementTensors,
): Appearance & { clash: Tensor1D } {
  const changed = [open.positions, open.species, open.cells];
  const [sites, crystal, clash] = fusedOperation(changed, {
    forward: (save) => {
      save(changed);
      return run('CbedSeeCrystals', kernelInputs(batch, open, elements), 3);
    },
    backward: (upstreams, saved) => {
      const [positions, species, cells] = saved as [Tensor3D, Tensor3D, Tensor2D];
      const inputs = kernelInputs(batch, { positions, species, cells }, elements);
      return run('CbedSeeCrystalsGrad', [...upstreams, ...inputs], 3);
    },
  }) as [Tensor2D, Tensor2D, Tensor1D];
  return { sites, crystal, clash };
}
