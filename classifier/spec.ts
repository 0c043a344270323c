/**
 * `stack` sees the three patterns as channels of one image; `shared` runs one encoder over each
 * pattern and joins the three in order; `residual` is `stack` with residual blocks.
 */
export const NETWORKS = ['stack', 'residual', 'shared'] as const;
export type NetworkKind = (typeof NETWORKS)[number];

/** What a classifier network is made of. */
export interface ClassifierSpec {
  /** Pixels a side. */
  size: number;
  /** Space groups in label order, ascending. */
  classes: readonly number[];
  network: NetworkKind;
  /** Channels of the first layer; the later layers have 2, 3 and 4 times as many. */
  width: number;
  /** `cosine`: logits are 30 times the cosine of features and class vectors. */
  head: 'linear' | 'cosine';
  /** Whether heads for the other properties of the crystal stand beside the space group's. */
  multitask: boolean;
  /**
   * What the crystal-system head of a multitask network does to the space group's probabilities in
   * use: nothing, multiply them by those of their system, or leave only the likeliest system.
   */
  consistency: Consistency;
}

export const CONSISTENCIES = ['none', 'weight', 'mask'] as const;
export type Consistency = (typeof CONSISTENCIES)[number];

type Choices = Omit<ClassifierSpec, 'size' | 'classes'>;

/**
 * The spec of a task, with the defaults that were measured to serve best at 64 pixels.
 *
 * @example
 * const spec = classifierSpec(store, { network: 'residual', width: 32 });
 * @category Classifiers
 */
export const classifierSpec = (
  task: Pick<ClassifierSpec, 'size' | 'classes'>,
  options: Partial<Choices> = {},
): ClassifierSpec => ({
  network: 'stack',
  width: 24,
  head: 'linear',
  multitask: false,
  consistency: 'none',
  ...options,
  size: task.size,
  classes: [...task.classes],
});
