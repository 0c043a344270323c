import type * as H5wasm from 'h5wasm/node';
import type { Hdf5 } from './hdf5.ts';

/** Reads rows of the dataset `images` of a store: all of them once, or one by one from the file. */
export class ImageReader {
  private readonly library: Hdf5;
  private readonly file: H5wasm.File;
  private readonly rowShape: readonly number[];
  private readonly rowBytes: number;
  private readonly count: number;
  private readonly keep: boolean;
  private kept: Uint8Array | null = null;
  private address = 0;

  constructor(library: Hdf5, file: H5wasm.File, memoryBudget: number) {
    this.library = library;
    this.file = file;
    const [count, ...rowShape] = library.module.get_dataset_metadata(file.file_id, 'images').shape!;
    this.count = count!;
    this.rowShape = rowShape;
    this.rowBytes = rowShape.reduce((a, b) => a * b, 1);
    this.keep = this.count * this.rowBytes <= memoryBudget;
  }

  /** Pixels of these rows, one after the other. @throws RangeError for a row outside the store. */
  read(rows: ArrayLike<number>): Uint8Array {
    const { rowBytes } = this;
    const out = new Uint8Array(rows.length * rowBytes);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (!(row >= 0 && row < this.count)) {
        throw new RangeError(`row ${row} of a store of ${this.count}`);
      }
      if (this.keep) {
        const all = this.all();
        out.set(all.subarray(row * rowBytes, (row + 1) * rowBytes), i * rowBytes);
      } else this.readRow(row, out, i * rowBytes);
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
    for (let row = 0; row < this.count; row++) this.readRow(row, kept, row * this.rowBytes);
    this.kept = kept;
    return kept;
  }

  private readRow(row: number, out: Uint8Array, at: number): void {
    const { module } = this.library;
    this.address ||= module._malloc(this.rowBytes);
    const count = [1n, ...this.rowShape.map(BigInt)];
    const offset = [BigInt(row), ...this.rowShape.map(() => 0n)];
    const stride = count.map(() => 1n);
    module.get_dataset_data(this.file.file_id, 'images', count, offset, stride, BigInt(this.address));
    out.set(module.HEAPU8.subarray(this.address, this.address + this.rowBytes), at);
  }
}
