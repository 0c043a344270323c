import { setImmediate } from 'node:timers/promises';
import type { Anomaly } from '../anomaly.ts';
import type { Catalogue, KnownSample } from '../summit/catalogue.ts';
import type { SummitFile } from '../summit/summit-file.ts';
import { PART_SAMPLES, PartRoom, partExists, planParts } from './part.ts';

/** What is wanted of a file whose attributes are read: patterns of this size, put into parts here. */
export interface Along {
  size: number;
  folder: string;
  /** Only samples of these energies, keV. */
  energies?: readonly number[];
}

/** A file is left to several readers, and to parts that outlive a kill, where it is larger. */
const MOST_BYTES = 1024 ** 3;

/**
 * Makes the parts of a file along with the reading of its attributes, sample by sample: the disk
 * is read once and in order. The parts are those that would be planned of the whole catalogue.
 */
export class PartsAlong {
  private readonly of: Pick<Catalogue, 'path' | 'bytes' | 'changed' | 'camera'>;
  private readonly wanted: Along;
  /** Where what is wrong with patterns is told while some are read; null otherwise. */
  hearing: Anomaly[] | null = null;
  private keys: string[] = [];
  private room: PartRoom | null = null;

  private constructor(of: PartsAlong['of'], wanted: Along) {
    this.of = of;
    this.wanted = wanted;
  }

  /** Null where nothing is wanted, or nothing can be made of this file in passing. */
  static of(catalogue: PartsAlong['of'], wanted: Along | undefined): PartsAlong | null {
    if (!wanted || catalogue.camera.size < wanted.size || catalogue.bytes > MOST_BYTES) return null;
    return new PartsAlong(catalogue, wanted);
  }

  /**
   * Reads the patterns of a sample, and writes a part that is full.
   *
   * @throws UnreadableFile where no more can be read of the file as it is open.
   */
  async take(file: SummitFile, { key, facts }: KnownSample): Promise<void> {
    const { size, energies } = this.wanted;
    if (energies && !energies.includes(facts.energy)) return;
    this.room ??= new PartRoom({ from: this.of.camera.size, size, most: PART_SAMPLES });
    this.keys.push(key);
    this.hearing = this.room.head.anomalies;
    try {
      await this.room.take(file, key);
    } finally {
      this.hearing = null;
    }
    if (this.keys.length === PART_SAMPLES) await this.end();
  }

  /** Writes the last part. */
  async end(): Promise<void> {
    const { room, keys, of, wanted } = this;
    if (!room) return;
    const [plan] = planParts(of, keys, { ...wanted, length: PART_SAMPLES });
    this.room = null;
    this.keys = [];
    if (!partExists(plan!)) await room.write(plan!.out);
    // A turn for what else this process hears, the end of its parent among it.
    await setImmediate();
  }
}
