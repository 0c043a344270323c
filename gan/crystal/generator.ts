import { analyseTriplet } from '../../src/codec/analysis.ts';
import type { TripletDiscs } from '../../src/codec/discs.ts';
import { tripletGeometry } from '../../src/codec/geometry.ts';
import { inputError } from '../../src/common/errors.ts';
import { groupBy } from '../../src/common/group.ts';
import type { ProgressFactory } from '../../src/common/progress.ts';
import { cifText } from '../../src/crystal/cif/write.ts';
import type { Cell, Crystal } from '../../src/crystal/crystal.ts';
import { cameraOf } from '../../src/simulate/triplets.ts';
import { type ZoneView, zoneViews } from '../../src/simulate/zone-views.ts';
import {
  columns,
  type Generator,
  type GeneratorSample,
  type ParameterRow,
  type ParameterTable,
  type SampleBatch,
  type SampleRequest,
  type SearchSpace,
} from '../generator.ts';
import { type CrystalSource, crystalSearchSpace, isDistortion } from './boundary.ts';
import { type DistortionSource, distortionName, wayOf } from './distortion.ts';
import { movedProposal, type ProposalSource, UNMOVED } from './evolution.ts';
import type { CrystalModel } from './model.ts';
import { type Checked, checkCrystal, REFUSALS, type Refusal } from './proposal-checks.ts';
import { simulateCrystals } from './simulation.ts';
import type { Ancestry } from './skeleton-sources.ts';
import { crystalOf, skeletonName, skeletonOf } from './skeletons.ts';
import { distort } from './symmetry-breaking.ts';

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
/** Stands in a table where a crystal is no distorted one. */
const NO_PARENT = -1;

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
    cbed_gan_path: isDistortion(source) ? source.path : '.',
    cbed_gan_moves: isDistortion(source) ? '.' : source.moves.toString(2).slice(1) || '.',
    cbed_gan_skeleton: skeleton ? skeletonName(skeleton.skeleton) : '?',
    cbed_gan_skeleton_source: ancestry.source,
    cbed_gan_parent: ancestry.parent ?? '.',
    cbed_gan_parent_material: ancestry.material ?? '.',
    cbed_gan_supergroup: ancestry.from ?? '.',
    cbed_gan_amplitude_angstrom: ancestry.amplitude?.toFixed(4) ?? '.',
    cbed_gan_refused_before: refusals,
  };
}

const namedRefusals = (refused: Record<string, number>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(refused).map(([name, count]) => [REFUSALS[name as Refusal], count]),
  );

/** The crystal GAN behind the interface of generators: proposes crystals, the simulator draws them. */
export class CrystalGenerator implements Generator<CrystalSample> {
  readonly kind = 'crystal';
  /** Nothing that it measures by was fitted on triplets. */
  readonly scaled = false;
  readonly space: SearchSpace<CrystalSource>;
  readonly model: CrystalModel;

  constructor(model: CrystalModel) {
    this.model = model;
    this.space = crystalSearchSpace(model);
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
    const { wanted, seed, progress } = request;
    // As a parameter table of 32-bit floats gives it back.
    const truncation = Math.fround(request.truncation ?? 1);
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
        source: { spaceGroup: crystal.spaceGroup, seed, index, truncation, moves: UNMOVED },
      })),
      progress,
    );
    const reasons = Object.entries(namedRefusals(refused));
    const drawn = samples.flatMap((sample) => (sample ? [sample] : []));
    if (drawn.length < made.length)
      reasons.push(['cannot be simulated', made.length - drawn.length]);
    return { samples: drawn, proposed, refused: Object.fromEntries(reasons) };
  }

  /** Checked crystals as CIF files; nothing is simulated. */
  sampleCifs(request: SampleRequest): { cifs: string[] } & Omit<SampleBatch, 'samples'> {
    const { wanted, seed, truncation = 1, progress } = request;
    for (const spaceGroup of wanted.keys()) this.labelOf(spaceGroup);
    const { made, proposed, refused } = this.model.sampleCrystals({
      wanted,
      seed,
      truncation,
      progress,
    });
    const cifs = made.map(({ crystal, index, ancestry, refusals }) => {
      const { spaceGroup } = crystal;
      const source = { spaceGroup, seed, index, truncation, moves: UNMOVED };
      const parents = this.parentsOf(ancestry);
      const label = this.labelOf(spaceGroup);
      return this.cifOf({ crystal, ancestry, refusals, source, parents, label, place: 0 });
    });
    return { cifs, proposed, refused: namedRefusals(refused) };
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
        parents: this.parentsOf(ancestry),
      };
      return { ...about, pixels: result.pixels, cif: this.cifOf(about) };
    });
  }

  /**
   * The training material of the store that a crystal comes from. A mineral of a group that the store
   * does not have is no material of it: it stands in the passport of the CIF file only.
   */
  private parentsOf({ material }: Pick<Ancestry, 'material'>): string[] {
    return material !== null && this.lineage.materials.includes(material) ? [material] : [];
  }

  private cifOf(sample: Omit<CrystalSample, 'pixels' | 'cif'>): string {
    return cifText(sample.crystal, [
      { name: 'passport', values: passportValues(this.model, sample) },
    ]);
  }

  /** Proposals after their moves, made again, each block of a class in one pass. */
  private proposalsAgain(sources: readonly ProposalSource[]) {
    const found = new Map<ProposalSource, { checked: Checked; ancestry: Ancestry }>();
    const alike = groupBy(sources, ({ spaceGroup, seed, truncation }) =>
      [spaceGroup, seed, truncation].join(),
    );
    for (const some of alike.values()) {
      const { spaceGroup, seed, truncation } = some[0]!;
      const indices = [...new Set(some.map(({ index }) => index))];
      const proposals = this.model.propose({ spaceGroup, seed, indices }, { truncation });
      for (const source of some) {
        const { index } = source;
        const proposal = proposals.find((one) => one.index === index);
        if (!proposal) throw inputError(`no proposal ${index} of space group ${spaceGroup}`);
        const { crystal: _, ...ancestry } = proposal.reference;
        const checked = checkCrystal(movedProposal(proposal.crystal, source), {
          id: `gan:${seed}-${spaceGroup}-${index}`,
          distances: this.model.sources.distances,
        });
        found.set(source, { checked, ancestry });
      }
    }
    return found;
  }

  /** Wherever it is on its path: at amplitude 0, for pictures, it is the parent in the subgroup's axes. */
  private distortedAgain(source: DistortionSource): { checked: Checked; ancestry: Ancestry } {
    const { sources } = this.model;
    const { amplitude, parent } = source;
    const sited = distort(wayOf(sources, source).path, amplitude);
    const { id, material, spaceGroup: from } = sources.crystals[parent]!;
    return {
      checked: { ok: crystalOf(sited, distortionName(source)) },
      ancestry: { source: 'broken', parent: id, material, from, amplitude },
    };
  }

  /** The crystals of sources, made again. @throws input error where a proposal is refused by the checks. */
  private crystalsAgain(sources: readonly CrystalSource[]) {
    const proposals = this.proposalsAgain(
      sources.filter((source): source is ProposalSource => !isDistortion(source)),
    );
    return sources.map((source) => {
      const { checked, ancestry } = isDistortion(source)
        ? this.distortedAgain(source)
        : proposals.get(source)!;
      if ('ok' in checked) return { crystal: checked.ok, ancestry, source, refusals: 0 };
      throw inputError(
        `proposal ${source.index} of space group ${source.spaceGroup} is refused: ${REFUSALS[checked.refused]}`,
      );
    });
  }

  async draw(
    sources: readonly CrystalSource[],
    progress?: ProgressFactory,
  ): Promise<CrystalSample[]> {
    const made = this.crystalsAgain(sources);
    const drawn = await this.simulated(made, progress);
    return drawn.map((sample, i) => {
      if (sample) return sample;
      throw inputError(`the crystal ${made[i]!.crystal.id} cannot be simulated`);
    });
  }

  async redraw(source: CrystalSource, _place: number): Promise<CrystalSample> {
    return (await this.draw([source]))[0]!;
  }

  describe(samples: readonly CrystalSample[]): { cell: Cell; discs: TripletDiscs }[] {
    const { simulation } = this.model.parts;
    const camera = cameraOf(simulation);
    return samples.map(({ crystal, pixels }) => {
      const { cell, spaceGroup } = crystal;
      const views = zoneViews(crystal, simulation.zones);
      const three = <T>(of: (view: ZoneView) => T) =>
        views.map(of) as unknown as readonly [T, T, T];
      const geometry = tripletGeometry({
        ...{ cell, spaceGroup, camera },
        zones: three(({ zone }) => zone),
      });
      return { cell, discs: analyseTriplet(pixels, geometry) };
    });
  }

  scores(samples: readonly CrystalSample[]): Float32Array {
    return this.model.scores(samples.map(({ crystal }) => crystal));
  }

  parameters(samples: readonly CrystalSample[]): ParameterTable {
    const rows = samples.map(({ source, crystal }) => {
      const sited = skeletonOf(crystal);
      const sites = (sited?.skeleton.sites ?? [])
        .slice(0, SITES)
        .flatMap((site, i) => [
          sited!.elements[site.slot]!,
          ...sited!.positions[i]!,
          site.multiplicity,
        ]);
      const own = isDistortion(source)
        ? [0, 0, source.parent, source.path, source.amplitude]
        : [source.truncation, source.moves, NO_PARENT, 0, 0];
      return {
        draw: [...seedParts(source.seed), source.index, ...own],
        cell: crystal.cell,
        sites,
      };
    });
    const { parts, ...table } = columns(
      { draw: 8, cell: 6, sites: SITES * SITE },
      {
        draw: 'seed (two halves of 16 bits), number of the candidate in its class; of a proposal of the GAN truncation and moves (binary, 1: none); of a distortion number of the parent among the training crystals (-1: none), path, amplitude (angstrom)',
        cell: 'a b c (angstrom), alpha beta gamma (degrees)',
        sites: `atomic number, x, y, z, multiplicity of each of up to ${SITES} sites`,
      },
      rows,
    );
    return { ...table, layout: { parts } };
  }

  sourceOf(row: ParameterRow): { source: CrystalSource; place: number } {
    const [high, low, index, truncation, moves, parent, path, amplitude] = row.part('draw');
    const own = { spaceGroup: row.spaceGroup, seed: high! * HALF + low!, index: index! };
    const source: CrystalSource =
      parent === NO_PARENT
        ? { ...own, truncation: truncation!, moves: moves! }
        : { ...own, parent: parent!, path: path!, amplitude: amplitude! };
    return { source, place: 0 };
  }

  save(path: string): void {
    this.model.save(path);
  }

  dispose(): void {
    this.model.dispose();
  }
}
