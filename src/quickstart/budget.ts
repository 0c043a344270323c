/** How much of everything a quickstart of so many minutes on two cores does. */
export interface Budget {
  minutes: number;
  /** Crystals of the minerals task that are simulated. */
  crystals: number;
  /** Updates of every classifier. */
  updates: number;
  ganSteps: number;
}

/** Minutes that the default budget is meant for on two cores. */
export const DEFAULT_MINUTES = 10;

const FULL = { crystals: 1100, updates: 220, ganSteps: 900 } as const;
const LEAST = { crystals: 700, updates: 60, ganSteps: 100 } as const;

const scaled = (name: keyof typeof FULL, share: number): number =>
  Math.max(LEAST[name], Math.round(FULL[name] * share));

/** The budget for a wanted length; below about two minutes everything is at its least. */
export function budgetFor(minutes: number): Budget {
  const share = minutes / DEFAULT_MINUTES;
  return {
    minutes,
    crystals: scaled('crystals', share),
    updates: scaled('updates', share),
    ganSteps: scaled('ganSteps', share),
  };
}
