import type * as H5wasm from 'h5wasm/node';
import type { AnomalyKind } from './anomaly.ts';
import type { AttributeSource, Remark } from './attributes.ts';
import { type Hdf5, hdf5 } from './hdf5.ts';
import { libraryAttributes } from './library-attributes.ts';
import type { Patch } from './superblock.ts';

/** A Summit file as a whole cannot be used. */
export class UnreadableFile extends Error {
  readonly kind: AnomalyKind;

  constructor(kind: AnomalyKind, reason: string) {
    super(reason);
    this.kind = kind;
  }
}

/** What a file says of a dataset before its numbers. */
export interface DatasetFacts {
  type: number;
  size: number;
  shape: readonly number[] | null;
}

/**
 * A file open in the HDF5 library. What an error costs, and a fresh instance of the library where
 * errors have worn one, is settled here.
 */
export class LibraryFile {
  private readonly path: string;
  private readonly patch: Patch | undefined;
  private library: Hdf5;
  private file: H5wasm.File;
  private buffer: { address: number; bytes: number } | null = null;

  private constructor(path: string, library: Hdf5, patch?: Patch) {
    this.path = path;
    this.library = library;
    this.patch = patch;
    this.file = this.openWith(library);
  }

  /** @throws UnreadableFile where the library refuses it. */
  static async open(path: string, patch?: Patch): Promise<LibraryFile> {
    return new LibraryFile(path, await hdf5(), patch);
  }

  /** Names of the members of the root group. @throws UnreadableFile */
  groups(): string[] {
    return this.whole(() => this.file.keys());
  }

  /** The attributes of the root group. @throws UnreadableFile */
  rootAttributes(): AttributeSource {
    const { library, file } = this;
    return this.whole(() => libraryAttributes({ library, file: file.file_id, group: '/' }));
  }

  /** The attributes of a group; null where it is no group. */
  attributes(group: string, careful: boolean): AttributeSource | null {
    const { library } = this;
    const file = this.file.file_id;
    const isGroup = library.module.get_type(file, group) === library.module.H5G_GROUP;
    return isGroup ? libraryAttributes({ library, file, group, careful }) : null;
  }

  /** What is said of a dataset; null where there is none. */
  about(path: string): DatasetFacts | null {
    const { module } = this.library;
    const isDataset = module.get_type(this.file.file_id, path) === module.H5G_DATASET;
    return isDataset ? module.get_dataset_metadata(this.file.file_id, path) : null;
  }

  /** A dataset of `count` floats of 4 or 8 bytes; a view that the next read overwrites. */
  floats(path: string, count: number, width: number): Float32Array {
    const { module } = this.library;
    const bytes = count * width;
    if (this.buffer && this.buffer.bytes < bytes) {
      module._free(this.buffer.address);
      this.buffer = null;
    }
    this.buffer ??= { address: module._malloc(bytes), bytes };
    if (this.buffer.address === 0) throw new Error(`no memory for ${bytes} bytes`);
    const { address } = this.buffer;
    // Straight into the library's memory, without the copies of `Dataset.value`.
    module.get_dataset_data(this.file.file_id, path, null, null, null, BigInt(address));
    const memory = module.HEAPU8.buffer;
    if (width === 4) return new Float32Array(memory, address, count);
    return Float32Array.from(new Float64Array(memory, address, count));
  }

  /** What `read` gives; null after an error, which is remarked on as of this kind. */
  async guarded<T>(kind: AnomalyKind, remark: Remark, read: () => T | null): Promise<T | null> {
    if (this.library.worn) await this.reopen();
    try {
      return read();
    } catch (error) {
      remark(kind, this.library.fault(error));
      return null;
    }
  }

  close(): void {
    try {
      if (this.buffer) this.library.module._free(this.buffer.address);
      if (this.library.worn) this.library.abandon(this.path);
      else this.file.close();
    } catch (error) {
      this.library.fault(error);
      this.library.abandon(this.path);
    }
    this.library.unpatch(this.path);
    this.buffer = null;
  }

  private whole<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw new UnreadableFile('file-unreadable', this.library.fault(error));
    }
  }

  private async reopen(): Promise<void> {
    this.buffer = null;
    this.library.abandon(this.path);
    this.library = await hdf5();
    this.file = this.openWith(this.library);
  }

  private openWith(library: Hdf5): H5wasm.File {
    if (this.patch) library.patch(this.path, this.patch);
    try {
      return new library.File(this.path, 'r');
    } catch (error) {
      const reason = library.fault(error);
      library.abandon(this.path);
      throw new UnreadableFile('file-unreadable', reason);
    }
  }
}
