import { confusions, partnersOf } from '../../classifier/boundary/confusion.ts';
import type { Classifier } from '../../classifier/classifier.ts';
import { type Attempt, type PairResult, searchPair } from '../../gan/boundary.ts';
import { verifierGate } from '../../synthetic/gates.ts';
import { provenanceOf } from '../../synthetic/provenance.ts';
import type { Store } from '../dataset/store.ts';
import { writeJson } from '../ground/files.ts';
import type { Made, Makers } from './gan-pool.ts';
import type { PoolWork } from './pools.ts';

/** The class that each class is most confused with on validation, by the guide. */
export function likeliestPartners(store: Store, guide: Classifier): number[] {
  const held = store.examples('validation');
  const logs = guide.predict(held).map((p) => Math.log(Math.max(p, 1e-30)));
  const table = confusions(logs, held.labels, store.classes.length);
  return store.classes.map((_, label) => partnersOf(table, label)[0]!.partner);
}

const passportOf = (attempt: Attempt, seed: number) =>
  provenanceOf(attempt.spaceGroup, {
    partner: attempt.partner,
    t: attempt.origin.t ?? null,
    margin: attempt.view.margin,
    seed,
    share:
      attempt.view.partnerProbability /
      (attempt.view.probability + attempt.view.partnerProbability),
  });

const summaryOf = ({
  spaceGroup,
  partner,
  attempts,
  accepted,
  reasons,
  evaluations,
}: PairResult) => ({
  spaceGroup,
  partner,
  attempts: attempts.length,
  accepted,
  reasons,
  evaluations,
});

/** Classes whose boundaries are searched: those with most rows missing, the rarest, first. */
const searched = (wanted: Int32Array, most: number): number[] =>
  [...wanted.keys()]
    .filter((label) => wanted[label]! > 0)
    .sort((a, b) => wanted[b]! - wanted[a]! || a - b)
    .slice(0, most)
    .sort((a, b) => a - b);

/** Samples of each class near its boundary with the class it is most confused with. */
export async function boundarySamples(
  work: PoolWork,
  { model, guide, verifier }: Makers,
  wanted: Int32Array,
): Promise<Made[]> {
  const { folder, store, pool, cell, file, progress } = work;
  const partners = likeliestPartners(store, guide);
  const gates = pool.realismGate ? [verifierGate([verifier])] : [];
  const results: PairResult[] = [];
  for (const label of searched(wanted, folder.study.boundaryClasses)) {
    const count = wanted[label]!;
    const result = await searchPair({
      model,
      score: (images) => guide.logitsOf(images),
      spaceGroup: store.classes[label]!,
      partner: store.classes[partners[label]!]!,
      count,
      attempts: folder.study.boundaryAttempts * count,
      epsilon: pool.epsilon,
      gradientSteps: folder.study.gradientSteps,
      seed: cell.gan,
      gates,
      progress,
    });
    results.push(result);
  }
  writeJson(file.replace(/\.h5$/, '.search.json'), results.map(summaryOf));
  return results
    .flatMap(({ attempts }) => attempts.filter(({ accepted }) => accepted))
    .map((attempt) => ({ pixels: attempt.drawn.pixels, passport: passportOf(attempt, cell.gan) }));
}
