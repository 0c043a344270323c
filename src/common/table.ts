/** Whether a value read from a file is a table: names with values, no list and not null. */
export const isTable = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
