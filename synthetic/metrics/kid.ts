import { columnMeans, type Features, sameWidth } from './features.ts';

/** (x.y / width + 1)^3 of one row of each set. */
function kernel(a: Features, i: number, b: Features, j: number): number {
  const { width } = a;
  let dot = 0;
  for (let k = 0, p = i * width, q = j * width; k < width; k++)
    dot += a.values[p++]! * b.values[q++]!;
  return (dot / width + 1) ** 3;
}

function meanOfPairs(set: Features): number {
  let sum = 0;
  for (let i = 0; i < set.count; i++) {
    for (let j = 0; j < i; j++) sum += kernel(set, i, set, j);
  }
  return (2 * sum) / (set.count * (set.count - 1));
}

/**
 * Kernel distance of two samples (KID; Binkowski et al. 2018): the unbiased estimate of the squared
 * maximum mean discrepancy with the cubic kernel. About zero, and as often below it, where both
 * come from one distribution. In double precision on the processor: it is a small difference of
 * large sums. Time grows with the product of the counts; draw at most 1,000 rows of each.
 */
export function kid(real: Features, fake: Features): number {
  sameWidth(real, fake);
  if (real.count < 2 || fake.count < 2) throw new RangeError('KID needs two samples of each kind');
  let cross = 0;
  for (let i = 0; i < real.count; i++) {
    for (let j = 0; j < fake.count; j++) cross += kernel(real, i, fake, j);
  }
  return meanOfPairs(real) + meanOfPairs(fake) - (2 * cross) / (real.count * fake.count);
}

/**
 * KID of features less the mean of the real ones: the kernel has an origin, and features that all
 * lie far from it give a huge number in which every digit is lost.
 */
export function kidAboutMean(real: Features, fake: Features): number {
  sameWidth(real, fake);
  const mean = columnMeans(real);
  const centred = ({ count, width, values }: Features): Features => ({
    count,
    width,
    values: Float64Array.from(values, (value, at) => value - mean[at % width]!),
  });
  return kid(centred(real), centred(fake));
}
