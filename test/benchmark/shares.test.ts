import { describe, expect, it } from 'vitest';
import { compareStudy } from '../../src/benchmark/comparison/compare.ts';
import { type Share, sharesInWords } from '../../src/benchmark/comparison/shares.ts';
import { shortVerdict } from '../../src/benchmark/comparison/short-verdict.ts';
import { studySchema } from '../../src/benchmark/study/study.ts';
import { Stream } from '../../src/common/stream.ts';
import { comparisonFigures } from '../../src/report/pages/study-page.ts';
import { shareRows } from '../../src/report/pages/study-text.ts';
import { randomOutcome } from '../support/outcomes.ts';

const techniques = ['logit-adjustment', 'flips'];
const ARMS = [
  { name: 'LA', techniques, gain: 0 },
  { name: 'plain', gain: -0.1 },
  { name: 'copies', techniques, synthetic: 'copies', gain: 0.05 },
  { name: 'jitter', techniques, synthetic: 'jitter', gain: -0.02 },
  // The order of techniques does not matter.
  {
    name: 'transfer',
    techniques: [...techniques].reverse(),
    synthetic: 'lattice-transfer',
    gain: 0.08,
  },
  { name: 'crystals', techniques, synthetic: 'crystals-random', gain: 0.25 },
  { name: 'random', techniques, synthetic: 'gan-random', gain: 0.1 },
  { name: 'fewer', techniques, synthetic: 'gan-random', ratio: 0.5, gain: 0.3 },
  { name: 'weak', techniques, synthetic: 'gan-random', ratio: 2, gain: 0 },
  { name: 'both', techniques, synthetic: 'gan-both', gain: 0.22 },
  { name: 'cut', techniques: [], undersample: 20, synthetic: 'gan-boundary', gain: 0.3 },
] as const;

function compared(
  names: readonly string[],
  { seeds = 6, baseline = 'LA' }: { seeds?: number; baseline?: string } = {},
) {
  const chosen = ARMS.filter(({ name }) => names.includes(name));
  const study = studySchema.parse({
    ...{ name: 'demo', baseline, seeds },
    arms: chosen.map(({ gain: _, ...arm }) => arm),
  });
  const outcomes = Array.from({ length: seeds }, (_, seed) =>
    chosen.map(({ name, gain }) =>
      randomOutcome({
        ...{ arm: name, seed, split: seed, perClass: 40, trainCounts: [150, 40, 12, 5] },
        stream: new Stream(seed, `shares/${name}`),
        skill: [0.7, 0.6, 0.5, 0.4].map((p) => p + gain),
      }),
    ),
  ).flat();
  return { study, comparison: compareStudy(study, outcomes) };
}

const steps = (shares: readonly Share[]) =>
  shares.map(({ adds, from, to }) => `${from} > ${adds} > ${to}`);

describe('what brings it', () => {
  const { study, comparison } = compared(ARMS.map(({ name }) => name));
  const { shares } = comparison;

  it('adds one thing at a time, among arms that differ in nothing else', () => {
    expect(steps(shares)).toEqual([
      'LA > more rows > copies',
      'copies > the codec > transfer',
      'transfer > the GAN > random',
      'random > the boundary > both',
    ]);
  });

  it('comes to the whole', () => {
    const whole = comparison.against.macroF1.find(({ subject }) => subject === 'both')!;
    const sum = shares.reduce((total, { overall }) => total + overall.difference, 0);
    expect(sum).toBeCloseTo(whole.difference, 12);
    expect(sum).toBeGreaterThan(0.1);
  });

  it('is judged among the steps', () => {
    const boundary = shares.at(-1)!;
    expect(boundary.overall.verdict).toBe('helped');
    expect(boundary.overall.adjustedP).toBeGreaterThan(boundary.overall.p);
    expect(boundary.few!.statistic).toBe('fewRecall');
  });

  it('is said, drawn and listed', () => {
    const words = sharesInWords(shares);
    expect(comparison.verdict).toContain(words);
    expect(words).toMatch(
      /^What brings it, .* more rows \(copies\) \+\d+\.\d \(.*; the boundary \(both\) \+\d+\.\d \(\+\d+\.\d to \+\d+\.\d\), helped, few-shot recall [+-]/,
    );
    expect(comparisonFigures(study, comparison).shares!()).toContain('+ the GAN (random)');
    expect(shareRows(comparison)).toHaveLength(9);
  });

  it('skips rungs that a study lacks, and is silent with one step', () => {
    const few = compared(['LA', 'random', 'both']).comparison;
    expect(steps(few.shares)).toEqual(['LA > the GAN > random', 'random > the boundary > both']);
    const one = compared(['LA', 'both']);
    expect(one.comparison.shares).toEqual([]);
    expect(comparisonFigures(one.study, one.comparison).shares).toBeUndefined();
    expect(compared(['LA', 'copies', 'transfer', 'random']).comparison.shares).toEqual([]);
  });
});

describe('the arm that the verdict is about', () => {
  it('has samples of a GAN where any arm has; the controls are told apart', () => {
    const { best, verdict } = compared(['LA', 'crystals', 'random', 'both']).comparison;
    expect(best!.arm).toBe('both');
    expect(best!.control!.subject).toBe('crystals');
    expect(verdict.join('\n')).toMatch(/Of synthetic data without a GAN: crystals helped: \+/);
    expect(best!.unaided).toBeNull();
  });

  it('gives way to a control that helped where the GAN did not', () => {
    const { best, verdict } = compared(['LA', 'crystals', 'weak']).comparison;
    expect(best!.arm).toBe('weak');
    expect(best!.overall.verdict).not.toBe('helped');
    expect(verdict.at(-1)).toMatch(/^Use crystals, which helped without a GAN/);
    // Without a GAN the verdict is about the control itself.
    const { best: alone } = compared(['LA', 'crystals']).comparison;
    expect(alone!.arm).toBe('crystals');
    expect(alone!.control).toBeNull();
  });

  it('has to beat copies of real rows, which are no synthetic data', () => {
    const { best } = compared(['LA', 'copies', 'random']).comparison;
    expect(best!.unaided!.arm).toBe('copies');
    expect(best!.control).toBeNull();
  });

  it('has to beat the best arm without synthetic data, whatever the baseline is', () => {
    const { best, verdict } = compared(['plain', 'LA', 'random'], {
      baseline: 'plain',
    }).comparison;
    expect(best!.overall.baseline).toBeLessThan(best!.unaided!.overall.baseline);
    expect(best!.unaided!.arm).toBe('LA');
    expect(verdict.join('\n')).toMatch(
      /Against LA, the best arm without synthetic data: random.*macro-F1.*random.*few-shot recall/,
    );
  });

  it('is told to run more seeds by the command that does it', () => {
    const { verdict } = compared(['LA', 'both'], { seeds: 2 }).comparison;
    expect(verdict.at(-1)).toBe(
      'Run more seeds before deciding: the same command with --seeds 6 and another --out.',
    );
  });
});

describe('the verdict in four lines', () => {
  it('says what was compared, what came of it beside the best without synthesis, and what to do', () => {
    const { study, comparison } = compared(['plain', 'LA', 'copies', 'both'], {
      baseline: 'plain',
    });
    const lines = shortVerdict(study, comparison);
    expect(lines).toHaveLength(4);
    expect(lines[0]).toBe(
      'Compared: 4 ways to train, 6 seeds of 600 updates each on 6 divisions of the materials, tested on real triplets of other materials.',
    );
    expect(lines[1]).toMatch(
      /^both against copies: (helped|undecided), \+\d+\.\d points of macro-F1, 95 % interval [+-]\d+\.\d to \+\d+\.\d\.$/,
    );
    expect(lines[2]).toMatch(/^Rare groups: .* points of few-shot recall, 95 % interval /);
    expect(lines[3]).toMatch(/^Next: /);
  });

  it('gives no interval for few seeds', () => {
    const { study, comparison } = compared(['LA', 'both'], { seeds: 3 });
    expect(shortVerdict(study, comparison).join('\n')).toMatch(
      /undecided, \+\d+\.\d points of macro-F1, smallest and largest seed /,
    );
  });
});
