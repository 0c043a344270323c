/** The three parts of a dataset; no material stands in two of them. Stored as 0, 1, 2. */
export const SPLITS = ['train', 'validation', 'test'] as const;
export type Split = (typeof SPLITS)[number];
