import { latentOf, type RandomRequest } from '../codec/sample.ts';
import type { PixelModel, PixelOrigin } from './model.ts';

/** Origins of `count` random triplets of a class. */
export function randomPixelOrigins(model: PixelModel, request: RandomRequest): PixelOrigin[] {
  const label = model.labelOf(request.spaceGroup);
  return Array.from({ length: request.count }, (_, index) => ({
    label,
    z: latentOf(model, { ...request, index }),
  }));
}
