import type { Health } from './health.ts';
import type { StepLosses } from './trainee.ts';

/** Losses averaged over the steps since the row before, and what the watchdog saw among them. */
export interface HistoryRow extends StepLosses {
  step: number;
  health?: Health;
}

/** Sums losses between two rows of the history. */
export class LossMean {
  private sums: StepLosses = { discriminator: 0, generator: 0, real: 0, fake: 0 };
  private count = 0;

  add(losses: StepLosses): void {
    for (const key of Object.keys(this.sums) as (keyof StepLosses)[]) this.sums[key] += losses[key];
    this.count++;
  }

  take(step: number): HistoryRow {
    const count = Math.max(1, this.count);
    const mean = (sum: number): number => sum / count;
    const { discriminator, generator, real, fake } = this.sums;
    this.sums = { discriminator: 0, generator: 0, real: 0, fake: 0 };
    this.count = 0;
    return {
      step,
      discriminator: mean(discriminator),
      generator: mean(generator),
      real: mean(real),
      fake: mean(fake),
    };
  }
}

/** The losses of a row in a few words. */
export const lossNote = (row?: HistoryRow): string =>
  row ? `D ${row.discriminator.toFixed(2)}, G ${row.generator.toFixed(2)}` : '';
