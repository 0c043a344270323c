import { classCodes } from '../../gan/classes.ts';
import { type GanConfig, ganConfig } from '../../gan/codec/config.ts';
import type { TrainingVectors } from '../../gan/training/batches.ts';
import { Stream } from '../../src/common/stream.ts';

/** Three space groups of two crystal systems, with a long tail. */
export const TOY_CLASSES = [14, 62, 225] as const;
const COUNTS = [60, 20, 5];

/** Vectors of three classes around their own centres: what a small GAN can learn in seconds. */
export function toyVectors(width = 8): TrainingVectors {
  const stream = new Stream(3, 'toy vectors');
  const labels = Int32Array.from(COUNTS.flatMap((count, label) => Array(count).fill(label)));
  const values = new Float32Array(labels.length * width);
  labels.forEach((label, row) => {
    for (let i = 0; i < width; i++) {
      values[row * width + i] = (i === label ? 3 : 0) + 0.4 * stream.normal();
    }
  });
  const { values: codes, code } = classCodes(TOY_CLASSES);
  return { values, width, labels, codes, code };
}

/** Settings of a small GAN. */
export const toyConfig = (changes: Partial<GanConfig> = {}): GanConfig =>
  ganConfig.parse({ latent: 6, embedding: 8, hidden: 32, batch: 24, steps: 40, ...changes });
