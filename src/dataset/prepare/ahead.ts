import { mkdirSync } from 'node:fs';
import type { Anomaly } from '../anomaly.ts';
import type { Catalogue } from '../summit/catalogue.ts';
import type { Along } from './along.ts';
import { PART_SAMPLES, partExists, planParts } from './part.ts';
import type { ReadingOutcome } from './reader.ts';
import type { Reading } from './reading.ts';
import type { Selection } from './select.ts';

/** What is to be read, as far as it decides whether and what can be read ahead. */
interface Wanted extends Selection {
  size: number;
  strict?: boolean;
  split: string;
}

/**
 * Has the patterns of a file read along with its attributes, or, where that is not done, right
 * after them while other files are still being read: a disk that is asked for both is never idle.
 * It assumes that all samples of the file are wanted; a part where this turns out otherwise (a
 * duplicate in another file) is read anew, for its name tells its samples.
 */
export class PartsAhead {
  /** What was found in parts read ahead. */
  readonly anomalies: Anomaly[] = [];
  private samples = 0;
  private readonly start = Date.now();
  private readonly wanted: Wanted;
  private readonly folder: string;

  private constructor(wanted: Wanted, folder: string) {
    this.wanted = wanted;
    this.folder = folder;
  }

  /** Null where what is wanted of a file depends on all others, or may turn out to be nothing. */
  static of(wanted: Wanted, folder: string): PartsAhead | null {
    const { maxPerMaterial, minMaterials = 1, strict, split } = wanted;
    const waits = maxPerMaterial || minMaterials > 1 || strict || split === 'official';
    return waits ? null : new PartsAhead(wanted, folder);
  }

  /** What is made of a file along with the reading of its attributes. */
  get along(): Along {
    const { size, energies } = this.wanted;
    return { size, folder: this.folder, ...(energies && { energies }) };
  }

  /** The parts of a file that are not there yet. */
  readings(catalogue: Catalogue): Reading[] {
    const { size, energies } = this.wanted;
    if (catalogue.camera.size < size) return [];
    mkdirSync(this.folder, { recursive: true });
    const keys = catalogue.samples
      .filter(({ energy }) => !energies || energies.includes(energy))
      .map(({ key }) => key);
    const plans = planParts(catalogue, keys, { size, folder: this.folder, length: PART_SAMPLES });
    const missing = plans.filter((plan) => !partExists(plan));
    this.samples += keys.length - missing.reduce((sum, plan) => sum + plan.keys.length, 0);
    return missing.map((plan) => ({ kind: 'part', plan }));
  }

  /** Takes note of a part that was read. */
  take(reading: Reading, { anomalies }: ReadingOutcome): void {
    this.anomalies.push(...anomalies);
    if (reading.kind === 'part') this.samples += reading.plan.keys.length;
  }

  /** How fast samples come. */
  get rate(): string {
    const seconds = Math.max(1e-3, (Date.now() - this.start) / 1000);
    return `${(this.samples / seconds).toFixed(0)} samples/s`;
  }
}
