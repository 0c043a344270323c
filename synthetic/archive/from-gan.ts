import type { GanModel } from '../../gan/codec/model.ts';
import { BLOCK, type Drawn, type Origin as Source } from '../../gan/codec/sample.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import type { ArchiveContents, Parameters, SyntheticArchive } from './archive.ts';
import { drawnArchive } from './from-generator.ts';
import { type ParameterPart, partOf, rowOf } from './parameter-row.ts';
import type { Passport, Seen } from './passport.ts';

/** A drawn triplet on its way into an archive. */
export interface GanSample {
  drawn: Drawn;
  source: Source;
  /** Position in the block that it was drawn in: drawn there again, it is the same to the bit. */
  place: number;
  passport: Passport;
}

const MEANINGS = {
  place: 'position in its drawing block',
  latent: 'latent vector z',
  offset: 'offset of the class embedding',
  toward: 'space group that the path between class embeddings leads to; 0 where there is no path',
  vector: 'codec vector: scores of the table, then of the cell',
  cell: 'a, b, c in angstrom; alpha, beta, gamma in degrees',
  intensities: 'ln of each disc above the floor of a stored pixel; NaN where there is no such disc',
} as const;

/** Slots that at least one sample shows. */
function shownSlots(samples: readonly GanSample[]): number[] {
  const levels = samples.map(({ drawn }) => drawn.levels);
  return [...(levels[0] ?? []).keys()].filter((slot) =>
    levels.some((row) => !Number.isNaN(row[slot])),
  );
}

/** What a reader needs to see each sample as a lattice and intensities, and to draw it again. */
function parametersOf(model: GanModel, samples: readonly GanSample[]): Parameters {
  const { latent, embedding, vector } = model.shape;
  const slots = shownSlots(samples);
  const drawnAs = { vector, cell: 6, intensities: slots.length };
  const sizes = { place: 1, latent, offset: embedding, toward: 1, ...drawnAs };
  let at = 0;
  const parts = Object.entries(sizes).map(([name, size]): ParameterPart => {
    at += size;
    return { name, from: at - size, to: at, meaning: MEANINGS[name as keyof typeof MEANINGS] };
  });
  const values = new Float32Array(samples.length * at);
  samples.forEach(({ drawn, source, place }, row) => {
    const intensities = slots.map((slot) => drawn.levels[slot]!);
    const offset = source.offset ?? new Float32Array(embedding);
    const toward = source.partner === undefined ? 0 : model.classes[source.partner]!;
    const numbers = [[place], source.z, offset, [toward], drawn.vector, drawn.cell, intensities];
    numbers.reduce((column, part) => {
      values.set(part, row * at + column);
      return column + part.length;
    }, 0);
  });
  // Pattern, h and k of each column of `intensities`.
  const discs = slots.map((slot) => [...model.space.frame.slots.at(slot)]);
  return { values, width: at, layout: { parts, discs } };
}

/** The contents of an archive of samples of the codec GAN. */
export function ganArchive(
  { model, store, guide }: { model: GanModel; store: Store; guide: Seen | null },
  samples: readonly GanSample[],
): ArchiveContents {
  const scores = model.scores(
    samples.map(({ drawn }) => drawn.vector),
    samples.map(({ source }) => source.label),
  );
  const parameters = parametersOf(model, samples);
  return drawnArchive(
    { model, store, guide, scaled: true, scores, parameters },
    samples.map(({ drawn, passport }) => ({ pixels: drawn.pixels, passport })),
  );
}

/**
 * Where row `row` of an archive comes from, and its place in the block.
 *
 * @throws input error where the archive does not say, or was made by another generator.
 */
export function sourceOf(
  model: GanModel,
  archive: SyntheticArchive,
  row: number,
): { source: Source; place: number } {
  const found = rowOf(archive, row, model.digest);
  const part = (name: string): Float32Array => partOf(found, name);
  const { class: spaceGroup, partner, t } = found.passport;
  // Archives of before paths could lead elsewhere have no such part.
  const led = found.parts.some(({ name }) => name === 'toward');
  const toward = led ? part('toward')[0]! : (partner ?? 0);
  return {
    source: {
      label: model.labelOf(spaceGroup),
      ...(toward === 0 ? {} : { partner: model.labelOf(toward) }),
      ...(t === null ? {} : { t }),
      z: part('latent'),
      offset: part('offset'),
    },
    place: part('place')[0]! % BLOCK,
  };
}
