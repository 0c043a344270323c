import { bandOf, storeCensus } from '../census.ts';
import { intensityOf } from '../intensity/transform.ts';
import type { Store } from '../store/store.ts';
import { type BandExample, EXAMPLES_PER_BAND, evenly, type Inspection } from './inspect.ts';
import { emptySurvey } from './survey.ts';

/** What a prepared store holds, told as files are. */
export function inspectStore(store: Store, patterns: number): Inspection {
  const census = storeCensus(store);
  const rows = evenly(
    Array.from({ length: store.count }, (_, row) => row),
    patterns,
  );
  const { histogram } = emptySurvey();
  for (const row of rows) for (const pixel of store.images([row])) histogram[pixel]!++;
  const pixels = histogram.reduce((sum, count) => sum + count, 0);
  const occurring = histogram.flatMap((count, value) => (count > 0 ? [value] : []));
  const mean =
    histogram.reduce((sum, count, value) => sum + count * intensityOf(value), 0) / pixels;
  return {
    files: 1,
    census,
    intensities: {
      samples: rows.length,
      minimum: intensityOf(occurring[0]!),
      maximum: intensityOf(occurring.at(-1)!),
      mean,
      histogram,
    },
    anomalies: [],
    examples: bandExamples(store),
    size: store.size,
  };
}

function bandExamples(store: Store): BandExample[] {
  const classes = [...storeCensus(store).classes].sort(
    (a, b) => b.bySplit.train.samples - a.bySplit.train.samples,
  );
  return (['many', 'medium', 'few'] as const).flatMap((band) =>
    evenly(
      classes.filter((one) => bandOf(one.bySplit.train.samples) === band),
      EXAMPLES_PER_BAND,
    ).map(({ spaceGroup, bySplit }) => {
      const row = store.rows.spaceGroup.indexOf(spaceGroup);
      const { material, formula } = store.facts(row);
      const count = bySplit.train.samples;
      return { spaceGroup, material, formula, count, pixels: store.images([row]) };
    }),
  );
}
