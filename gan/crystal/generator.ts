import { inputError } from '../../src/common/errors.ts';
import type { ProgressFactory } from '../../src/common/progress.ts';
import { cifText } from '../../src/crystal/cif/write.ts';
import type { Crystal } from '../../src/crystal/crystal.ts';
import { reducedFormula } from '../../src/crystal/formula.ts';
import { hermannMauguin } from '../../src/crystal/spacegroup.ts';
import type {
  Generator,
  GeneratorSample,
  ParameterRow,
  ParameterTable,
  SampleBatch,
  SampleRequest,
} from '../generator.ts';
import { checkCrystal, REFUSALS, type Refusal } from './checks.ts';
import type { CrystalModel } from './model.ts';
import { simulateCrystals } from './simulation.ts';
import { skeletonName, skeletonOf } from './skeletons.ts';
import type { Ancestry } from './sources.ts';

/** What a crystal of the GAN is made from: its number among the proposals of its class. */
export interface CrystalSource {
  spaceGroup: number;
  seed: number;
  index: number;
  truncation: number;
}

/** A simulated crystal of the GAN. */
export interface CrystalSample extends GeneratorSample {
  source: CrystalSource;
  crystal: Crystal;
  ancestry: Ancestry;
  /** Proposals of its class that were refused since the one before it. */
  refusals: number;
}

/** Sites of a crystal that a parameter table keeps: element, coordinates and multiplicity of each. */
const SITES = 12;
const SITE = 5;
const HALF = 65_536;

/** Seeds beyond 32 bits would not come back from a table of 32-bit floats. */
const seedParts = (seed: number): [number, number] => [Math.floor(seed / HALF), seed % HALF];

/** The passport of a crystal as values of a CIF block. */
function passportValues(
  model: CrystalModel,
  { source, crystal, ancestry, refusals }: Omit<CrystalSample, 'pixels' | 'cif'>,
) {
  const skeleton = skeletonOf(crystal);
  return {
    cbed_gan_generator: model.digest,
    cbed_gan_seed: source.seed,
    cbed_gan_proposal: source.index,
    cbed_gan_skeleton: skeleton ? skeletonName(skeleton.skeleton) : '?',
    cbed_gan_skeleton_source: ancestry.source,
    cbed_gan_parent: ancestry.parent ?? '.',
    cbed_gan_parent_material: ancestry.material ?? '.',
    cbed_gan_supergroup: ancestry.from ?? '.',
    cbed_gan_amplitude_angstrom: ancestry.amplitude?.toFixed(4) ?? '.',
    cbed_gan_refused_before: refusals,
  };
}

/** The crystal GAN behind the interface of generators: proposes crystals, the simulator draws them. */
export class CrystalGenerator implements Generator<CrystalSample> {
  readonly kind = 'crystal';
  /** Nothing that it measures by was fitted on triplets. */
  readonly scaled = false;
  readonly space = null;
  readonly model: CrystalModel;

  constructor(model: CrystalModel) {
    this.model = model;
  }

  get classes(): readonly number[] {
    return this.model.classes;
  }

  get size(): number {
    return this.model.parts.simulation.size;
  }

  get lineage() {
    return this.model.parts.lineage;
  }

  get digest(): string {
    return this.model.digest;
  }

  labelOf(spaceGroup: number): number {
    return this.model.labelOf(spaceGroup);
  }

  knows(label: number): boolean {
    return this.model.knows(label);
  }

  async sample(request: SampleRequest): Promise<SampleBatch<CrystalSample>> {
    const { wanted, seed, truncation = 1, progress } = request;
    for (const spaceGroup of wanted.keys()) this.labelOf(spaceGroup);
    const { made, proposed, refused } = this.model.sampleCrystals({
      wanted,
      seed,
      truncation,
      progress,
    });
    const samples = await this.simulated(
      made.map(({ crystal, index, ancestry, refusals }) => ({
        crystal,
        ancestry,
        refusals,
        source: { spaceGroup: crystal.spaceGroup, seed, index, truncation },
      })),
      progress,
    );
    const reasons = Object.entries(refused).map(([name, count]): [string, number] => [
      REFUSALS[name as Refusal],
      count,
    ]);
    const drawn = samples.flatMap((sample) => (sample ? [sample] : []));
    if (drawn.length < made.length)
      reasons.push(['cannot be simulated', made.length - drawn.length]);
    return { samples: drawn, proposed, refused: Object.fromEntries(reasons) };
  }

  /** Samples of crystals; null for one that cannot be simulated. */
  private async simulated(
    made: readonly Pick<CrystalSample, 'crystal' | 'ancestry' | 'refusals' | 'source'>[],
    progress?: ProgressFactory,
  ): Promise<(CrystalSample | null)[]> {
    const { simulation } = this.model.parts;
    const drawn = await simulateCrystals(
      made.map(({ crystal }) => crystal),
      simulation,
      {
        progress,
        energyOf: (at) => simulation.energies[made[at]!.source.index % simulation.energies.length]!,
      },
    );
    return made.map((one, i): CrystalSample | null => {
      const result = drawn[i]!;
      if ('failed' in result) return null;
      const { crystal, ancestry } = one;
      const about = {
        ...one,
        label: this.labelOf(crystal.spaceGroup),
        place: 0,
        parents: ancestry.material ? [ancestry.material] : [],
      };
      return { ...about, pixels: result.pixels, cif: this.cifOf(about) };
    });
  }

  private cifOf(sample: Omit<CrystalSample, 'pixels' | 'cif'>): string {
    return cifText(sample.crystal, [
      { name: 'passport', values: passportValues(this.model, sample) },
    ]);
  }

  /** The crystal of a source, made again. @throws input error where it is refused by the checks. */
  private crystalAgain({ spaceGroup, seed, index, truncation }: CrystalSource) {
    const [proposal] = this.model.propose({ spaceGroup, seed, indices: [index] }, { truncation });
    if (!proposal) throw inputError(`no proposal ${index} of space group ${spaceGroup}`);
    const checked = checkCrystal(proposal.crystal, {
      id: `gan:${seed}-${spaceGroup}-${index}`,
      distances: this.model.sources.distances,
    });
    if ('refused' in checked) {
      throw inputError(
        `proposal ${index} of space group ${spaceGroup} is refused: ${REFUSALS[checked.refused]}`,
      );
    }
    const { crystal: _, ...ancestry } = proposal.reference;
    return { crystal: checked.ok, ancestry };
  }

  async draw(
    sources: readonly CrystalSource[],
    progress?: ProgressFactory,
  ): Promise<CrystalSample[]> {
    const made = sources.map((source) => ({ ...this.crystalAgain(source), source, refusals: 0 }));
    const drawn = await this.simulated(made, progress);
    return drawn.map((sample, i) => {
      if (sample) return sample;
      throw inputError(`the crystal ${made[i]!.crystal.id} cannot be simulated`);
    });
  }

  async redraw(source: CrystalSource, _place: number): Promise<CrystalSample> {
    return (await this.draw([source]))[0]!;
  }

  describe(): null {
    return null;
  }

  scores(samples: readonly CrystalSample[]): Float32Array {
    return this.model.scores(samples.map(({ crystal }) => crystal));
  }

  parameters(samples: readonly CrystalSample[]): ParameterTable {
    const width = 4 + 6 + SITES * SITE;
    const values = new Float32Array(samples.length * width);
    samples.forEach(({ source, crystal }, row) => {
      const sited = skeletonOf(crystal);
      const sites = (sited?.skeleton.sites ?? [])
        .slice(0, SITES)
        .flatMap((site, i) => [
          sited!.elements[site.slot]!,
          ...sited!.positions[i]!,
          site.multiplicity,
        ]);
      const draw = [...seedParts(source.seed), source.index, source.truncation];
      values.set([...draw, ...crystal.cell, ...sites], row * width);
    });
    return {
      values,
      width,
      layout: {
        parts: [
          {
            name: 'draw',
            from: 0,
            to: 4,
            meaning:
              'seed (two halves of 16 bits), number of the proposal in its class, truncation',
          },
          {
            name: 'cell',
            from: 4,
            to: 10,
            meaning: 'a b c (angstrom), alpha beta gamma (degrees)',
          },
          {
            name: 'sites',
            from: 10,
            to: width,
            meaning: `atomic number, x, y, z, multiplicity of each of up to ${SITES} sites`,
          },
        ],
      },
    };
  }

  sourceOf(row: ParameterRow): { source: CrystalSource; place: number } {
    const [high, low, index, truncation] = row.part('draw');
    return {
      source: {
        spaceGroup: row.spaceGroup,
        seed: high! * HALF + low!,
        index: index!,
        truncation: truncation!,
      },
      place: 0,
    };
  }

  save(path: string): void {
    this.model.save(path);
  }

  dispose(): void {
    this.model.dispose();
  }
}

/** A short name of a crystal for sheets: formula, group symbol and number. */
export const crystalTitle = ({ atoms, spaceGroup }: Crystal): string =>
  `${reducedFormula(atoms)} ${hermannMauguin(spaceGroup)} (${spaceGroup})`;
