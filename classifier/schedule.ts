/** The one-cycle schedule (Smith and Topin 2019): cosine up for `warmUp` of the run, then down. */
export interface OneCycle {
  peak: number;
  updates: number;
  /** Share of the run that the rate rises. */
  warmUp?: number;
  /** The rate starts at peak / startDivisor and ends at that / endDivisor. */
  startDivisor?: number;
  endDivisor?: number;
}

const cosineBetween = (from: number, to: number, share: number): number =>
  to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;

/** Learning rate of an update 0 to updates - 1, as PyTorch's OneCycleLR counts them. */
export function oneCycleRate(update: number, cycle: OneCycle): number {
  const { peak, updates, warmUp = 0.15, startDivisor = 25, endDivisor = 1e4 } = cycle;
  const start = peak / startDivisor;
  const top = warmUp * updates - 1;
  if (top > 0 && update <= top) return cosineBetween(start, peak, update / top);
  const share = (update - top) / Math.max(1e-9, updates - 1 - top);
  return cosineBetween(peak, start / endDivisor, Math.min(1, Math.max(0, share)));
}
