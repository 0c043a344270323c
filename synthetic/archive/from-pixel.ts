import type { PixelModel, PixelOrigin } from '../../gan/pixel/model.ts';
import { PIXEL_BLOCK } from '../../gan/pixel/model.ts';
import type { Store } from '../../src/dataset/store/store.ts';
import type { ArchiveContents, Parameters, SyntheticArchive } from './archive.ts';
import { type DrawnSample, drawnArchive } from './from-generator.ts';
import { type ParameterPart, partOf, rowOf } from './parameter-row.ts';

/** A triplet drawn in pixels on its way into an archive. */
export interface PixelSample extends DrawnSample {
  source: PixelOrigin;
  /** Position in the block that it was drawn in: drawn there again, it is the same to the bit. */
  place: number;
}

/** What a reader needs to draw each sample again; there is no lattice to be read. */
function parametersOf(model: PixelModel, samples: readonly PixelSample[]): Parameters {
  const { latent } = model.shape;
  const width = 1 + latent;
  const values = new Float32Array(samples.length * width);
  samples.forEach(({ place, source }, row) => {
    values.set([place, ...source.z], row * width);
  });
  const parts: ParameterPart[] = [
    { name: 'place', from: 0, to: 1, meaning: 'position in its drawing block' },
    { name: 'latent', from: 1, to: width, meaning: 'latent vector z' },
  ];
  return { values, width, layout: { parts } };
}

/** The contents of an archive of samples drawn in pixels; `store` has the size of the model. */
export function pixelArchive(
  { model, store }: { model: PixelModel; store: Store },
  samples: readonly PixelSample[],
): ArchiveContents {
  const scores = model.scores(
    samples.map(({ pixels }) => pixels),
    samples.map(({ source }) => source.label),
  );
  const parameters = parametersOf(model, samples);
  const by = { model, store, guide: null, scaled: false, scores, parameters };
  return drawnArchive(by, samples);
}

/**
 * Where row `row` of an archive comes from, and its place in the block.
 *
 * @throws input error where the archive does not say, or was made by another generator.
 */
export function pixelSourceOf(
  model: PixelModel,
  archive: SyntheticArchive,
  row: number,
): { source: PixelOrigin; place: number } {
  const found = rowOf(archive, row, model.digest);
  return {
    source: {
      label: model.labelOf(found.passport.class),
      z: partOf(found, 'latent'),
    },
    place: partOf(found, 'place')[0]! % PIXEL_BLOCK,
  };
}
