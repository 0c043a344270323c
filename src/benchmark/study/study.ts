import { z } from 'zod';
import { AGREEMENT, EPSILON } from '../../../classifier/boundary/margin.ts';
import { TRAINING_DEFAULTS } from '../../../classifier/options.ts';
import { PARTNER_CHOICES } from '../../../synthetic/sampling/searches.ts';

/** Where the synthetic rows of an arm come from; everything but the GAN is a control. */
export const SYNTHETIC_SOURCES = [
  'none',
  'copies',
  'interpolation',
  'jitter',
  'interpolation-jitter',
  'lattice-transfer',
  'crystals-random',
  'crystals-varied',
  'crystals-half',
  'crystals-fitted',
  'crystals-broken',
  'gan-random',
  'gan-boundary',
  'gan-both',
  'gan-crystal',
  'gan-crystal-boundary',
  'archive',
] as const;

/** What a name is called in file names. */
export const fileSafe = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll('+', 'and')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');

const settings = z.strictObject({
  /** Name in tables and figures; the names of result files follow from it. */
  name: z
    .string()
    .regex(/^[\p{L}\p{N}][\p{L}\p{N} .,:+()/%±-]{0,79}$/u, {
      error: 'is no name: up to 80 letters, digits, blanks and . , : + ( ) / % -',
    })
    .refine((name) => fileSafe(name) !== '', { error: 'has no letter a to z and no digit' }),
  /** Techniques of the classifier, combined. */
  techniques: z.array(z.string()).default([]),
  synthetic: z.enum(SYNTHETIC_SOURCES).default('none'),
  /** Classes with fewer training rows are filled up to this many. */
  fillTo: z.int().min(1).max(10_000).default(45),
  /** Synthetic rows of a class at most, as a multiple of its real ones; `validation` chooses it there. */
  ratio: z.union([z.number().min(0).max(100), z.literal('validation')]).default(100),
  /** Weight of synthetic counts in the logit-adjustment prior; `validation` chooses it there. */
  weight: z.union([z.number().min(0).max(1), z.literal('validation')]).default('validation'),
  /**
   * Synthetic rows that every class gets beside its real ones, instead of filling up to `fillTo`: what
   * is made then tells nothing of the class. Absent without a default, as all settings of later
   * versions, so that older studies keep their digests.
   */
  each: z.int().min(1).max(10_000).optional(),
  /** Share of the updates that see synthetic rows alone; the others see real ones alone. Absent: mixed. */
  pretrain: z.number().gt(0).lt(1).optional(),
  /** Classes with more training rows are cut to this many; 0 keeps them whole. */
  undersample: z.int().min(0).default(0),
  /** Accept every boundary candidate that has the right label side, realistic or not. */
  applyChecks: z.boolean().default(true),
  /** Half-width of the boundary band, p_c - p_c'. */
  epsilon: z.number().positive().max(1).default(EPSILON),
  /** Partners, the most confused first, whose boundaries are searched. */
  partners: z.int().min(1).max(10).default(1),
  /** Who chooses the partners of a GAN's samples: each candidate its strongest rival, or validation. */
  partnerBy: z.enum(PARTNER_CHOICES).default('candidate'),
  /** Share of the rows of a source near boundaries that lies there; the others are random. Absent: all. */
  nearShare: z.number().min(0).max(1).optional(),
  /** Margin in nats that the verifier may have of a boundary sample. */
  agreement: z.number().positive().max(10).default(AGREEMENT),
  /** Property heads beside the space group. */
  multitask: z.boolean().default(false),
});

const arm = settings.refine(
  ({ partners, partnerBy }) => partners === 1 || partnerBy !== 'candidate',
  { path: ['partners'], error: 'are chosen on validation: say partner-by: validation' },
);

/** A study: arms x seeds on one prepared store. */
export const studySchema = z.strictObject({
  /** Scored archive whose accepted samples arms with `synthetic: archive` train with. */
  archive: z.string().optional(),
  /** Also the name of its folder and of its jobs. */
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, {
    error: 'is no name: up to 64 letters a to z, digits, - and _',
  }),
  /** `workspace` for its prepared store, a built-in task, or the path of a prepared store. */
  data: z.string().default('minerals'),
  arms: z.array(arm).min(1),
  /** Arm that the others are compared with. */
  baseline: z.string(),
  seeds: z.int().min(1).max(100).default(6),
  /** First seed; seed s uses split s mod `splits` and GAN s mod `gans`. */
  firstSeed: z.int().min(0).default(0),
  splits: z.int().min(1).default(6),
  gans: z.int().min(1).default(6),
  /** Materials that the arms are compared on: variants are chosen on validation, never on test. */
  comparedOn: z.enum(['test', 'validation']).default('test'),
  updates: z.int().min(1).default(TRAINING_DEFAULTS.updates),
  batch: z.int().min(1).default(TRAINING_DEFAULTS.batch),
  /** Peak of the classifier's learning rate. */
  rate: z.number().positive().default(TRAINING_DEFAULTS.rate),
  /** Channels of the first layer of every classifier; those of its own default where absent. */
  width: z.int().min(1).optional(),
  ganSteps: z.int().min(1).default(3000),
  /** Steps of a crystal GAN; its own default where absent. */
  crystalSteps: z.int().min(1).optional(),
  /** Candidates a boundary search may try for each wanted sample. */
  boundaryAttempts: z.int().min(1).default(8),
  /** Gradient steps of a boundary search where the path does not cross; 0 for none. */
  gradientSteps: z.int().min(0).default(24),
  /** Classes, the rarest first, whose boundaries are searched. */
  boundaryClasses: z.int().min(1).default(230),
  /**
   * Training materials of a class at most; every arm runs within each budget. Absent: all there
   * are. Without a default, so that studies without budgets keep their digests.
   */
  budgets: z.array(z.int().min(1)).min(1).optional(),
  /** `all`: the classes are the 230 space groups, whether the data have rows of them or not. */
  classes: z.literal('all').optional(),
  /**
   * Zero-shot: one in so many few-shot groups loses all its training and validation rows, in split s
   * those that s leaves as remainder. Absent: none.
   */
  withheld: z.int().min(2).optional(),
});

export type Arm = z.output<typeof arm>;
export type Study = z.output<typeof studySchema>;

/** One cell of a study: one process, one result file. */
export interface CellPlan {
  /** File-safe name, unique in the study. */
  id: string;
  arm: Arm;
  seed: number;
  split: number;
  gan: number;
  /** Training materials of a class at most; null for all there are. */
  budget: number | null;
}

/** The budgets of a study, ascending; `null`, all materials, where it has none. */
export const budgetsOf = ({ budgets }: Study): (number | null)[] =>
  budgets ? [...budgets].sort((a, b) => a - b) : [null];

/** What a budget adds to names of cells and folders; nothing for all materials. */
export const budgetSuffix = (budget: number | null): string =>
  budget === null ? '' : `-b${budget}`;

/** The cells of a study, seeds outermost so that an interrupted study has whole pairs. */
export function planCells(study: Study): CellPlan[] {
  const seeds = Array.from({ length: study.seeds }, (_, i) => study.firstSeed + i);
  return seeds.flatMap((seed) =>
    budgetsOf(study).flatMap((budget) =>
      study.arms.map((plan) => ({
        id: `${fileSafe(plan.name)}-s${seed}${budgetSuffix(budget)}`,
        arm: plan,
        seed,
        split: seed % study.splits,
        gan: seed % study.gans,
        budget,
      })),
    ),
  );
}

/** Sources of samples near boundaries of a GAN. */
export const NEAR_SOURCES: readonly Arm['synthetic'][] = [
  'gan-boundary',
  'gan-both',
  'gan-crystal-boundary',
];

/** Whether an arm trains with triplets that were made; copies of real rows were not. */
export const usesSynthesis = ({ synthetic }: Pick<Arm, 'synthetic'>): boolean =>
  synthetic !== 'none' && synthetic !== 'copies';

/** Whether an arm trains with samples of a GAN. */
export const usesGan = ({ synthetic }: Pick<Arm, 'synthetic'>): boolean =>
  synthetic.startsWith('gan-');

/** Whether a cell of a plan needs a generator. */
export const needsGan = ({ arm }: CellPlan): boolean => usesGan(arm);
