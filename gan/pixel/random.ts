import { Stream } from '../../src/common/stream.ts';
import { latentOf, type RandomRequest } from '../codec/sample.ts';
import type { PixelModel, PixelOrigin } from './model.ts';

/**
 * Origins of `count` random triplets of a class. A residual generator changes a training triplet of
 * the class, drawn by a stream of its own.
 */
export function randomPixelOrigins(model: PixelModel, request: RandomRequest): PixelOrigin[] {
  const { spaceGroup, count, seed } = request;
  const label = model.labelOf(spaceGroup);
  const rows = model.sourcesOf(label);
  return Array.from({ length: count }, (_, index) => ({
    label,
    z: latentOf(model, { ...request, index }),
    source: rows.length ? new Stream(seed, `source/${spaceGroup}/${index}`).pick(rows) : null,
  }));
}
