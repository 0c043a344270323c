import type * as H5wasm from 'h5wasm/node';
import type { Hdf5 } from './library.ts';

// Rows that follow each other are read together, up to this many bytes.
const RUN_BYTES = 4 << 20;

/** Reads rows of the dataset `images` of a store: all of them once, or one by one from the file. */
export class ImageReader {
  private readonly library: Hdf5;
  private readonly file: H5wasm.File;
  /** Rows, then what a row holds. */
  readonly shape: readonly number[];
  private readonly rowShape: readonly number[];
  private readonly rowBytes: number;
  private readonly count: number;
  private readonly keep: boolean;
  private readonly longestRun: number;
  private kept: Uint8Array | null = null;
  private address = 0;

  constructor(library: Hdf5, file: H5wasm.File, memoryBudget: number) {
    this.library = library;
    this.file = file;
    const [count, ...rowShape] = library.module.get_dataset_metadata(file.file_id, 'images').shape!;
    this.shape = [count!, ...rowShape];
    this.count = count!;
    this.rowShape = rowShape;
    this.rowBytes = rowShape.reduce((a, b) => a * b, 1);
    this.longestRun = Math.max(1, Math.floor(RUN_BYTES / this.rowBytes));
    this.keep = this.count * this.rowBytes <= memoryBudget;
  }

  /** Pixels of these rows, one after the other. @throws RangeError for a row outside the store. */
  read(rows: ArrayLike<number>): Uint8Array {
    const { rowBytes } = this;
    const out = new Uint8Array(rows.length * rowBytes);
    for (let i = 0; i < rows.length; ) {
      const row = rows[i]!;
      if (!(row >= 0 && row < this.count)) {
        throw new RangeError(`row ${row} of a store of ${this.count}`);
      }
      if (this.keep) {
        out.set(this.all().subarray(row * rowBytes, (row + 1) * rowBytes), i * rowBytes);
        i++;
      } else {
        const run = this.runAt(rows, i);
        this.readRun(row, out.subarray(i * rowBytes, (i + run) * rowBytes));
        i += run;
      }
    }
    return out;
  }

  close(): void {
    if (this.address) this.library.module._free(this.address);
    this.address = 0;
    this.kept = null;
  }

  private all(): Uint8Array {
    if (this.kept) return this.kept;
    const kept = new Uint8Array(this.count * this.rowBytes);
    for (let row = 0; row < this.count; row += this.longestRun) {
      const end = Math.min(this.count, row + this.longestRun);
      this.readRun(row, kept.subarray(row * this.rowBytes, end * this.rowBytes));
    }
    this.kept = kept;
    return kept;
  }

  /** How many rows from position i on follow each other in the store. */
  private runAt(rows: ArrayLike<number>, i: number): number {
    let run = 1;
    while (run < this.longestRun && rows[i + run] === rows[i]! + run) run++;
    return Math.min(run, this.count - rows[i]!);
  }

  private readRun(row: number, out: Uint8Array): void {
    const { module } = this.library;
    this.address ||= module._malloc(this.longestRun * this.rowBytes);
    const count = [BigInt(out.length / this.rowBytes), ...this.rowShape.map(BigInt)];
    const offset = [BigInt(row), ...this.rowShape.map(() => 0n)];
    const stride = count.map(() => 1n);
    module.get_dataset_data(
      this.file.file_id,
      'images',
      count,
      offset,
      stride,
      BigInt(this.address),
    );
    out.set(module.HEAPU8.subarray(this.address, this.address + out.length));
  }
}
