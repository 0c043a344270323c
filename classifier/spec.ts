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
}

/** The spec of a task, with the defaults that were measured to serve best at 64 pixels. */
export const classifierSpec = (
  task: Pick<ClassifierSpec, 'size' | 'classes'>,
  options: Partial<Pick<ClassifierSpec, 'network' | 'width' | 'head' | 'multitask'>> = {},
): ClassifierSpec => ({
  network: 'stack',
  width: 24,
  head: 'linear',
  multitask: false,
  ...options,
  size: task.size,
  classes: [...task.classes],
});
