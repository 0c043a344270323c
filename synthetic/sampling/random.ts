import type { Generator, GeneratorSample, SampleRequest } from '../../gan/generator.ts';
import { inputError } from '../../src/common/errors.ts';
import { joinTriplets } from '../../src/dataset/intensity/transform.ts';
import type { GanSample } from '../archive/from-generator.ts';
import { passportOf } from '../archive/passport.ts';
import { ofEach } from './wanted.ts';

/** Random samples with passports, and what the generator threw away on the way to them. */
export interface RandomSamples {
  samples: GanSample[];
  proposed: number;
  refused: Readonly<Record<string, number>>;
}

/** Random triplets of a generator, as many of each space group as wanted, with passports. */
export async function randomSamples(
  generator: Generator,
  request: SampleRequest,
): Promise<RandomSamples> {
  const { samples, proposed, refused } = await generator.sample(request);
  return {
    samples: samples.map((sample) => ({
      sample,
      passport: passportOf(generator.classes[sample.label]!, {
        seed: request.seed,
        parents: [...sample.parents],
      }),
    })),
    proposed,
    refused,
  };
}

/** How often each reason refused a proposal, in words; empty where none did. */
export function refusalText({ proposed, refused }: Omit<RandomSamples, 'samples'>): string {
  const reasons = Object.entries(refused).sort(([, a], [, b]) => b - a);
  if (reasons.length === 0) return '';
  const share = (count: number) => `${((100 * count) / proposed).toFixed(1)} %`;
  return `of ${proposed} proposals refused: ${reasons.map(([name, count]) => `${name} ${share(count)}`).join(', ')}`;
}

/** Random triplets that are only looked at: `count` of each space group. */
interface PixelRequest extends Pick<SampleRequest, 'seed' | 'progress'> {
  spaceGroups: readonly number[];
  count: number;
}

/** Stored pixels of a triplet, and the crystal that they were simulated from. */
export type RandomPicture = Pick<GeneratorSample, 'pixels' | 'cif'>;

/**
 * Random triplets, `count` of each space group in order: what pictures and measures look at.
 *
 * @throws input error where the generator makes none of a group.
 */
export async function randomPictures(
  generator: Generator,
  request: PixelRequest,
): Promise<RandomPicture[]> {
  const { spaceGroups, count, ...rest } = request;
  const { samples } = await generator.sample({ wanted: ofEach(spaceGroups, count), ...rest });
  return spaceGroups.flatMap((spaceGroup) => {
    const own = samples.filter(({ label }) => generator.classes[label] === spaceGroup);
    if (own.length === 0) {
      throw inputError(`the generator makes no triplet of space group ${spaceGroup}`);
    }
    // Where fewer were made than wanted the first ones stand for the rest.
    return Array.from({ length: count }, (_, i) => own[i % own.length]!);
  });
}

/** Their pixels one after another. */
export const randomStack = async (
  generator: Generator,
  request: PixelRequest,
): Promise<Uint8Array> =>
  joinTriplets((await randomPictures(generator, request)).map(({ pixels }) => pixels));
