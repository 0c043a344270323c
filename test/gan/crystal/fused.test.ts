import { afterAll, describe, expect, it } from 'vitest';
import {
  changeCells,
  changePositions,
  frequencyLoss,
  jitterCrystals,
  pickElements,
} from '../../../gan/crystal/changes.ts';
import { disposeBatch, elementTables, encodeCrystals } from '../../../gan/crystal/codec.ts';
import { crystalConfigFor } from '../../../gan/crystal/config.ts';
import { elementTensors, type OpenTensors, SURROUNDINGS } from '../../../gan/crystal/features.ts';
import { appearance, TOKEN, viewReferences } from '../../../gan/crystal/look.ts';
import {
  denseLeaky,
  type LayerUse,
  layerOverRows,
  poolSites,
  slotMeans,
  withGroupSpread,
} from '../../../gan/crystal/site-layers.ts';
import { CrystalSources } from '../../../gan/crystal/skeleton-sources.ts';
import { drawLatents } from '../../../gan/crystal/step.ts';
import { CrystalTrainer } from '../../../gan/crystal/trainer.ts';
import { NoiseSource } from '../../../gan/training/noise.ts';
import { Stream } from '../../../src/common/stream.ts';
import { loadMinerals } from '../../../src/crystal/minerals.ts';
import { kernels, withoutKernels } from '../../../src/engine/kernels.ts';
import {
  engine,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tf,
} from '../../../src/engine/tf.ts';
import { expectNothingLeft, learnedBothWays } from '../../support/both-ways.ts';
import { normalTensors } from '../../support/normal-tensor.ts';
import { differenceError } from '../pixel/differences.ts';

/** Of every lattice system; rhombohedral and hexagonal ones both. */
const GROUPS = [2, 14, 62, 136, 166, 194, 221, 225];
const minerals = loadMinerals(new Set(GROUPS)).filter(({ atoms }) => atoms.length < 60);
const sources = new CrystalSources(minerals);
const crystals = GROUPS.flatMap((group) =>
  sources
    .known(group)
    .slice(0, 2)
    .map(({ sited }) => sited),
);
const batch = encodeCrystals(crystals, sources.elements);
const elements = elementTensors(elementTables(sources.elements, sources.distances));
const [B, S] = batch.mask.shape;
const [, K, E] = batch.species.shape;
const stream = new Stream(11, 'fused crystals');
// A GPU has no fused kernels.
const whereFused = describe.skipIf(engine.gpu);
afterAll(() => {
  disposeBatch(batch);
  tf.dispose(elements);
});

const normal = normalTensors(stream);

/** The open numbers of the batch, moved and mixed at random. */
const moved = (): [Tensor3D, Tensor3D, Tensor2D] => [
  batch.positions.add(normal('positions', [B, S, 3], 0.02)),
  normal<Tensor3D>('species', [B, K, E], 2).softmax(2).mul(batch.slotMask),
  batch.cells.add(normal('cells', [B, 6], 0.03)),
];

/** Positions, species and cells that no crystal has, among ones that do. */
function bad(): [Tensor3D, Tensor3D, Tensor2D] {
  const [positions, species, cells] = moved().map(
    (tensor) => tensor.dataSync() as Float32Array,
  ) as [Float32Array, Float32Array, Float32Array];
  // All sites in one place; a cell without atoms; angles that close no cell, in either way; a cell
  // much smaller than its atoms.
  positions.fill(0.25, 0, 3 * S);
  species.fill(0, K * E, 2 * K * E);
  cells.set([0.4, 0.4, 2.6], 6 * 2 + 3);
  cells.set([1.5, 1.5, 0.01], 6 * 3 + 3);
  cells.set([0.2, 0.1, 0.3], 6 * 4);
  return [
    tf.tensor3d(positions, [B, S, 3]),
    tf.tensor3d(species, [B, K, E]),
    tf.tensor2d(cells, [B, 6]),
  ];
}

/** Values, and the gradients in all inputs of all values, weighed by fixed numbers. */
function valuesAndSlopes(
  operation: (...inputs: never[]) => Tensor[],
  inputs: readonly Tensor[],
): Tensor[] {
  const run = operation as (...given: readonly Tensor[]) => Tensor[];
  const values = run(...inputs);
  const sum = (...given: Tensor[]): Tensor =>
    tf.addN(run(...given).map((value, i) => value.mul(normal(`up ${i}`, value.shape)).sum()));
  return [...values, ...tf.grads(sum)([...inputs])];
}

/** What the fused kernels give is what TensorFlow's own give, to rounding, row by row. */
function sameOnBoth(made: () => Tensor[], tolerance = 5e-5): void {
  expect(kernels()).not.toBeNull();
  tf.tidy(() => {
    const ours = made();
    withoutKernels(made).forEach((theirs, i) => {
      expect(ours[i]!.shape).toEqual(theirs.shape);
      const rows = (tensor: Tensor): Tensor =>
        tensor.rank < 2 ? tensor.reshape([1, -1]) : tensor.reshape([tensor.shape[0]!, -1]);
      const most = rows(theirs.abs()).max(1);
      // A row far smaller than the others is a small difference of larger numbers.
      const scale = most.maximum(most.max().mul(1e-3).add(1e-6));
      const off = rows(theirs.sub(ours[i]!).abs()).max(1).div(scale).max().dataSync()[0]!;
      expect(off, `result ${i}`).toBeLessThan(tolerance);
    });
  });
}

const lookOf = (positions: Tensor3D, species: Tensor3D, cells: Tensor2D): Tensor[] => {
  const { sites, crystal, clash } = appearance(batch, { positions, species, cells }, elements);
  return [sites, crystal, clash];
};

whereFused('fused kernels give what composed operations give', () => {
  // Logarithms of dark reflections, and shells on their flanks, make more of a rounded distance.
  it('what the discriminator sees of crystals of every lattice system', () => {
    sameOnBoth(() => valuesAndSlopes(lookOf, [batch.positions, batch.species, batch.cells]), 1e-3);
    sameOnBoth(() => valuesAndSlopes(lookOf, moved()), 1e-3);
  });

  it('what it sees of bad cells', () => {
    sameOnBoth(() => valuesAndSlopes(lookOf, bad()), 1e-3);
    tf.tidy(() => {
      for (const tensor of valuesAndSlopes(lookOf, bad())) {
        expect(tensor.isFinite().all().dataSync()[0]).toBe(1);
      }
    });
  });

  it('how references look to the generator', () => {
    sameOnBoth(() => {
      const { tokens, pulls, crystal } = viewReferences(batch, elements);
      return [tokens, pulls, crystal];
    }, 2e-4);
  });

  it('elements, cells and positions that the generator chooses', () => {
    const pick = (a: Tensor2D, b: Tensor1D, c: Tensor2D, d: Tensor1D) => [
      pickElements(batch, elements, {
        species: { product: a, bias: b },
        warmth: { product: c, bias: d },
        gumbel: normal('gumbel', [B, K, E]),
      }),
    ];
    const tastes = () => [
      normal('a', [B * K, E]),
      normal('b', [E]),
      normal('c', [B * K, 1]),
      normal('d', [1]),
    ];
    sameOnBoth(() => valuesAndSlopes(pick, tastes()));
    const change = (product: Tensor2D, bias: Tensor1D, species: Tensor3D) => [
      changeCells(batch, elements, { raw: { product, bias }, species }),
    ];
    const raw = () => [normal('e', [B, 7]), normal('f', [7])];
    sameOnBoth(() => valuesAndSlopes(change, [...raw(), moved()[1]]));
    sameOnBoth(() => valuesAndSlopes(change, [...raw(), bad()[1]]));
    const { pulls } = viewReferences(batch, elements);
    const move = (product: Tensor2D, bias: Tensor1D) => [
      changePositions(batch, { raw: { product, bias }, pulls: pulls as Tensor4D }),
    ];
    const width = SURROUNDINGS + 3;
    sameOnBoth(() => valuesAndSlopes(move, [normal('g', [B * S, width]), normal('h', [width])]));
  });

  it('jitter, and how often elements occur', () => {
    const jitter = (positions: Tensor3D, cells: Tensor2D) => {
      const noise = {
        sites: normal<Tensor3D>('sites', [B, S, 3]),
        cells: normal<Tensor2D>('cells', [B, 6]),
      };
      const open: OpenTensors = { positions, species: batch.species, cells };
      const jittered = jitterCrystals(batch, open, { noise, jitter: 0.3 });
      return [jittered.positions, jittered.cells];
    };
    sameOnBoth(() => {
      const [positions, , cells] = moved();
      return valuesAndSlopes(jitter, [positions, cells]);
    });
    const frequency = (species: Tensor3D) => [
      frequencyLoss(batch, { species, slotMask: batch.slotMask }),
    ];
    sameOnBoth(() => valuesAndSlopes(frequency, [moved()[1]]));
  });

  it('Gumbel noise, as the uniform numbers that it stands for', () => {
    const shape = { elements: E, latent: 3, siteLatent: 2 } as never;
    sameOnBoth(() => {
      const noise = new NoiseSource({ key: 3, counter: 1 });
      const { gumbel } = drawLatents(noise, shape, 64);
      return [gumbel.neg().exp().neg().exp()];
    });
  });

  // Rows and columns in whole tiles of a product and beside them, up to more than a thread takes at once.
  it.each([
    [12, 16, 16],
    [1, 5, 3],
    [100, 37, 96],
    [77, 243, 92],
  ])('a dense layer of %i rows, from %i to %i', (rows, inputs, outputs) => {
    const dense = (x: Tensor2D, kernel: Tensor2D, bias: Tensor1D) => [
      denseLeaky(x, { 'l/kernel': kernel, 'l/bias': bias }, 'l'),
    ];
    sameOnBoth(() =>
      valuesAndSlopes(dense, [
        normal('x', [rows, inputs]),
        normal('kernel', [inputs, outputs]),
        normal('bias', [outputs]),
      ]),
    );
    const beside = (x: Tensor2D, each: Tensor2D, kernel: Tensor2D, bias: Tensor1D) => [
      layerOverRows(x, each, { 'l/kernel': kernel, 'l/bias': bias }, 'l'),
    ];
    sameOnBoth(() =>
      valuesAndSlopes(beside, [
        normal('x', [3 * rows, inputs]),
        normal('each', [rows, 5]),
        normal('kernel', [inputs + 5, outputs]),
        normal('bias', [outputs]),
      ]),
    );
  });

  it('a dense layer has no gradient where it was told that none is wanted', () => {
    const weights = { 'l/kernel': normal('kernel', [7, 4]), 'l/bias': normal('bias', [4]) };
    const x = normal<Tensor2D>('x', [9, 7]);
    const sum = (use: LayerUse, given: Tensor2D) => denseLeaky(given, weights, 'l', use).sum();
    tf.tidy(() => {
      const slope = (use: LayerUse) => tf.grad((of) => sum(use, of as Tensor2D))(x);
      const off = slope({ resting: true }).sub(slope({})).abs().max().dataSync()[0];
      expect(off).toBe(0);
      expect(() => slope({ outermost: true })).toThrow('does not match the shape');
    });
  });

  it('pools, slots and groups', () => {
    const x = () => [normal('x', [B * S, 7])];
    sameOnBoth(() => valuesAndSlopes((of: Tensor2D) => [poolSites(of, batch.mask)], x()));
    sameOnBoth(() => valuesAndSlopes((of: Tensor2D) => [slotMeans(of, batch.slots)], x()));
    sameOnBoth(() => valuesAndSlopes((of: Tensor2D) => [withGroupSpread(of)], x()));
  });

  it('gradients of gradients of pools and spreads', () => {
    const twice = (x: Tensor2D): Tensor[] => {
      const slope = tf.grad((of) => {
        const seen = withGroupSpread(poolSites(of as Tensor2D, batch.mask));
        return seen.square().mul(normal('weights', seen.shape)).sum();
      })(x);
      return [slope, slope.square().sum()];
    };
    sameOnBoth(() => valuesAndSlopes(twice, [normal('x', [B * S, 7])]), 1e-4);
  });
});

describe('gradients written out', () => {
  const flat = (tensors: readonly Tensor[]): Float32Array =>
    tf.tidy(() => tf.concat(tensors.map((t) => t.flatten())).dataSync()) as Float32Array;

  it('of the appearance agree with differences', () => {
    const sizes = [B * S * 3, B * K * E, B * 6];
    const loss = (x: Tensor1D) => {
      const [positions, species, cells] = tf.split(x, sizes);
      const look = lookOf(
        positions!.reshape([B, S, 3]),
        species!.reshape([B, K, E]),
        cells!.reshape([B, 6]),
      );
      // Intensities: logarithms of amplitudes bend too sharply at dark reflections for differences.
      const [sites, crystal, clash] = look as [Tensor2D, Tensor2D, Tensor1D];
      const logs = crystal.slice([0, 8]).mul(4).exp();
      const parts = [sites, crystal.slice([0, 0], [-1, 8]), logs.mul(1e-3), clash];
      return tf.addN(parts.map((part, i) => part.mul(normal(`w ${i}`, part.shape)).sum()));
    };
    const error = differenceError(loss as never, flat(moved()), { step: 2e-4, stream });
    expect(error).toBeLessThan(0.02);
  });

  it('of gradients of the spread agree with differences', () => {
    const loss = (x: Tensor1D) => {
      const slope = tf.grad((of) => {
        const seen = withGroupSpread(of as Tensor2D);
        return seen.square().mul(normal('weights', seen.shape)).sum();
      })(x.reshape([B, 9]));
      return slope.square().sum();
    };
    const at = stream.split('rows').normals(B * 9);
    expect(differenceError(loss as never, at, { step: 1e-3, stream })).toBeLessThan(0.01);
  });

  it.skipIf(engine.gpu)('are refused where they would be differentiated again', () => {
    const again = () =>
      tf.grad((x) => {
        const slope = tf.grad((of) => lookOf(of as Tensor3D, batch.species, batch.cells)[0]!.sum())(
          x,
        );
        return slope.square().sum();
      })(batch.positions);
    expect(() => tf.tidy(again)).toThrow('differentiated again');
  });
});

describe('a step of the crystal GAN', () => {
  const classes = GROUPS;
  const known = classes.map((group) => sources.known(group).map(({ sited }) => sited));
  const rows = {
    crystals: known.flat(),
    labels: Int32Array.from(known.flatMap((of, label) => of.map(() => label))),
  };
  const config = crystalConfigFor('cpu').parse({ batch: 8, tokens: 24, hidden: 32 });
  const trainer = () =>
    new CrystalTrainer(
      { sources, classes, rows, attention: new Set<number>() },
      config,
      new Stream(5, 'trainer'),
    );

  it('leaves no tensor behind, with and without the penalty', () => {
    expectNothingLeft(trainer(), 6);
  });

  it('is the same with and without fused kernels', () => {
    const { ours, theirs } = learnedBothWays(trainer, (gan) => gan.weights(), 3);
    // Adam divides slopes by their size, so that rounding decides where they are next to nothing.
    for (const name of ['generator', 'discriminator'] as const) {
      const off = ours[name].map((weight, i) => Math.abs(weight - theirs[name][i]!));
      expect(off.filter((difference) => difference > 2e-4).length / off.length).toBeLessThan(0.02);
    }
  });
});

it('a site has as many numbers as the networks expect', () => {
  tf.tidy(() => {
    const { sites } = appearance(batch, batch, elements);
    expect(sites.shape).toEqual([B * S, TOKEN]);
  });
});
