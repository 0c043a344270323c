import { PIXEL_SCALE } from '../../src/dataset/examples.ts';
import { joinTriplets } from '../../src/dataset/intensity/transform.ts';
import { numbersOf } from '../../src/engine/numbers.ts';
import { type Tensor2D, type Tensor4D, tf } from '../../src/engine/tf.ts';
import type { GanModel } from '../codec/model.ts';
import type { PathGenerator, Scorer } from './approach.ts';

/** The model's images along the paths from a class (by index) to others. */
export function classPath(model: GanModel, label: number): PathGenerator<Tensor4D> {
  const { latent, embedding } = model.shape;
  return {
    latent,
    embedding,
    images(z, offset, toward) {
      const decodings = toward.map(({ partner, t }) => ({ label, partner, t }));
      const embeddings = model.embeddings(decodings).add(offset) as Tensor2D;
      const vectors = model.vectors(z, embeddings);
      return model.draw(vectors, model.plan(vectors.dataSync() as Float32Array, decodings));
    },
  };
}

/** Logits of stored pixels, (N, K). */
export function scorePixels(
  score: Scorer<Tensor4D>,
  images: readonly Uint8Array[],
  size: number,
): Float32Array {
  const pixels = new Float32Array(joinTriplets(images));
  return numbersOf(() => {
    const input = tf.tensor4d(pixels, [images.length, size, size, 3]).mul(PIXEL_SCALE);
    return score(input as Tensor4D);
  });
}
