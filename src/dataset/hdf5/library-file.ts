import type * as H5wasm from 'h5wasm/node';
import type { AnomalyKind } from '../anomaly.ts';
import type { AttributeSource, Remark } from './attributes.ts';
import { libraryAttributes } from './attributes.ts';
import type { ExternalAccess } from './external.ts';
import { type Hdf5, hdf5 } from './library.ts';
import type { Patch } from './superblock.ts';

/** A Summit file as a whole cannot be used. */
export class UnreadableFile extends Error {
  readonly kind: AnomalyKind;

  constructor(kind: AnomalyKind, reason: string) {
    super(reason);
    this.kind = kind;
  }
}

/** How a file is opened. */
interface OpenOptions {
  /** Bytes to be read instead of its own. */
  patch?: Patch;
  /** What it may take from other files; links in its own folder where absent. */
  external?: ExternalAccess;
}

/** What a file says of a dataset before its numbers. */
export interface DatasetFacts {
  type: number;
  size: number;
  littleEndian: boolean;
  shape: readonly number[] | null;
}

/**
 * A file open in the HDF5 library. What an error costs, and a fresh instance of the library where
 * errors have worn one, is settled here.
 */
export class LibraryFile {
  private readonly path: string;
  private readonly patch: Patch | undefined;
  private readonly external: ExternalAccess;
  /** Other files that this one has named so far, whether or not they are there. */
  readonly links = new Set<string>();
  private library: Hdf5;
  private file: H5wasm.File;
  private lacking = false;
  private buffer: { address: number; bytes: number } | null = null;

  /** What was wrong with the link that was last found to lead to no group or dataset. */
  linkFault: string | null = null;

  private constructor(path: string, library: Hdf5, { patch, external }: OpenOptions) {
    this.path = path;
    this.library = library;
    this.patch = patch;
    this.external = external ?? { folders: [], allow: false };
    this.file = this.openWith(library);
  }

  /** @throws UnreadableFile where the library refuses it. */
  static async open(path: string, options: OpenOptions = {}): Promise<LibraryFile> {
    return new LibraryFile(path, await hdf5(), options);
  }

  /** Names of the members of the root group. @throws UnreadableFile */
  groups(): string[] {
    return this.whole(() => this.file.keys());
  }

  /** Paths of all datasets of this name that lie deeper than in a group of the root. */
  deeper(name: string): string[] {
    try {
      const all = this.library.module.get_names(this.file.file_id, '/', true);
      return all.filter((path) => path.endsWith(`/${name}`) && path.split('/').length > 2);
    } catch (error) {
      this.library.fault(error);
      return [];
    }
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
    const { H5G_GROUP } = library.module;
    const source = this.unlessOther(group, H5G_GROUP, () =>
      libraryAttributes({ library, file, group, careful }),
    );
    // Asking for its type takes as long as reading three attributes; a sample has a space group.
    const known = source?.names.includes('space_group');
    return known || this.typeOf(group) === H5G_GROUP ? source : null;
  }

  /** What is said of a dataset; null where there is none. */
  about(path: string): DatasetFacts | null {
    const { module } = this.library;
    // Where one is missing others will be, and each call that fails wears the library.
    if (this.lacking && this.typeOf(path) !== module.H5G_DATASET) return null;
    const about = this.unlessOther(path, module.H5G_DATASET, () =>
      module.get_dataset_metadata(this.file.file_id, path),
    );
    this.lacking ||= about === null;
    return about;
  }

  /** Why a dataset cannot be read for its filters; null where it can, or is no dataset. */
  lackingFilter(path: string): string | null {
    const { library, file } = this;
    const isDataset = this.typeOf(path) === library.module.H5G_DATASET;
    return isDataset ? library.lackingFilter(file.file_id, path) : null;
  }

  /** A dataset of `count` floats of 4 or 8 bytes; a view that the next read overwrites. */
  floats(path: string, count: number, { size: width }: DatasetFacts): Float32Array {
    const { module } = this.library;
    const address = this.readFloats(path, count * width);
    const memory = module.HEAPU8.buffer;
    if (width === 4) return new Float32Array(memory, address, count);
    return Float32Array.from(new Float64Array(memory, address, count));
  }

  /**
   * The same in pieces, straight from the file, each laid into the room before it is taken.
   *
   * @returns false where they do not stand there one after the other as this machine writes
   * them; the room may have been taken all the same.
   */
  pieces(
    path: string,
    { count, facts }: { count: number; facts: DatasetFacts },
    { room, take }: { room: Float32Array; take: () => void },
  ): boolean {
    if (facts.size !== 4 || !facts.littleEndian) return false;
    const bytes = 4 * count;
    const sink = { room: new Uint8Array(room.buffer, room.byteOffset, room.byteLength), take };
    return this.library.divert(this.bufferOf(bytes), bytes, sink, () => {
      this.readFloats(path, bytes);
    });
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

  /** Straight into the library's memory, without the copies of `Dataset.value`. */
  private readFloats(path: string, bytes: number): number {
    const { module } = this.library;
    const address = this.bufferOf(bytes);
    module.get_dataset_data(this.file.file_id, path, null, null, null, BigInt(address));
    return address;
  }

  private typeOf(path: string): number {
    return this.library.module.get_type(this.file.file_id, path);
  }

  /** What `read` gives of an object; null where it fails because there is no object of this type. */
  private unlessOther<T>(path: string, type: number, read: () => T): T | null {
    this.linkFault = null;
    try {
      return read();
    } catch (error) {
      this.library.takeLinkFault();
      if (this.typeOf(path) === type) throw error;
      this.linkFault = this.library.takeLinkFault();
      this.library.fault(error);
      return null;
    }
  }

  private bufferOf(bytes: number): number {
    const { module } = this.library;
    if (this.buffer && this.buffer.bytes < bytes) {
      module._free(this.buffer.address);
      this.buffer = null;
    }
    this.buffer ??= { address: module._malloc(bytes), bytes };
    if (this.buffer.address === 0) throw new Error(`no memory for ${bytes} bytes`);
    return this.buffer.address;
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
    library.admit(this.path, this.external, this.links);
    try {
      return new library.File(this.path, 'r');
    } catch (error) {
      const reason = library.fault(error);
      library.abandon(this.path);
      throw new UnreadableFile('file-unreadable', reason);
    }
  }
}
