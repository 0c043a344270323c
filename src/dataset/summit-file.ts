import type * as H5wasm from 'h5wasm/node';
import type { Camera } from '../simulate/camera.ts';
import type { SampleFacts } from '../simulate/sample.ts';
import type { Anomaly, AnomalyKind } from './anomaly.ts';
import { Attributes, type Remark } from './attributes.ts';
import { type Hdf5, hdf5 } from './hdf5.ts';
import { readFacts } from './summit-facts.ts';
import { fileProblem, type Patch } from './superblock.ts';

/** The camera of the Summit data: a 100 angstrom box at 512 pixels a side. */
export const SUMMIT_CAMERA: Camera = { size: 512, pixel: 0.01, centre: 256 };

/** The dataset of a sample's three patterns. */
export const STACK = 'cbed_stack';

const FLOAT = 1;

type Report = (anomaly: Anomaly) => void;

/** A Summit file as a whole cannot be used. */
export class UnreadableFile extends Error {
  readonly kind: AnomalyKind;

  constructor(kind: AnomalyKind, reason: string) {
    super(reason);
    this.kind = kind;
  }
}

/**
 * One file in the Summit layout, open for reading. Groups are read one at a time into one buffer,
 * so memory does not grow with the file. What is wrong with a sample is told to `report`; a
 * sample that cannot be used comes back as null.
 */
export class SummitFile {
  readonly path: string;
  private library: Hdf5;
  private file: H5wasm.File;
  private buffer: { address: number; bytes: number } | null = null;
  private readonly report: Report;

  private readonly patch: Patch | undefined;

  private constructor(path: string, library: Hdf5, report: Report, patch?: Patch) {
    this.path = path;
    this.library = library;
    this.report = report;
    this.patch = patch;
    this.file = this.openWith(library);
  }

  /**
   * Opens a file. Of one that was cut off, what stands before the cut is read, and the cut told.
   *
   * @throws UnreadableFile where nothing of the file can be read.
   */
  static async open(path: string, report: Report = () => {}): Promise<SummitFile> {
    const problem = fileProblem(path);
    if (!problem) return new SummitFile(path, await hdf5(), report);
    const { kind, reason, patch } = problem;
    if (!patch) throw new UnreadableFile(kind, reason);
    report({ kind, file: path, group: null, reason });
    return new SummitFile(path, await hdf5(), report, patch);
  }

  /** Names of the samples' groups, in the order of the file. */
  groups(): string[] {
    try {
      return this.file.keys();
    } catch (error) {
      throw new UnreadableFile('file-unreadable', this.library.fault(error));
    }
  }

  /** How the patterns of this file are sampled. */
  camera(): Camera {
    const remark: Remark = (kind, reason) => this.note(null, kind, reason);
    try {
      const attributes = new Attributes(this.library, this.file.file_id, '/', { remark });
      if (!attributes.names.includes('camera')) return SUMMIT_CAMERA;
      const values = attributes.numbers('camera', 3);
      if (values && values[0]! > 0 && values[1]! > 0) {
        return { size: values[0]!, pixel: values[1]!, centre: values[2]! };
      }
    } catch (error) {
      throw new UnreadableFile('file-unreadable', this.library.fault(error));
    }
    throw new UnreadableFile('file-camera', 'its attribute camera is not size, pixel, centre');
  }

  /** What the attributes of a group say. */
  async facts(group: string, { careful = false } = {}): Promise<SampleFacts | null> {
    return this.guarded(group, 'group-unreadable', (remark) => {
      const type = this.library.module.get_type(this.file.file_id, group);
      if (type !== this.library.module.H5G_GROUP) {
        remark('not-a-sample', 'not a group');
        return null;
      }
      return readFacts(
        new Attributes(this.library, this.file.file_id, group, { remark, careful }),
        group,
        remark,
      );
    });
  }

  /**
   * The (3, size, size) intensities of a group, size as the camera says; a view that the next
   * read overwrites.
   */
  async stack(group: string, size: number): Promise<Float32Array | null> {
    return this.guarded(group, 'stack-unreadable', (remark) => {
      const path = `${group}/${STACK}`;
      const { module } = this.library;
      if (module.get_type(this.file.file_id, path) !== module.H5G_DATASET) {
        remark('no-stack', `no dataset ${STACK}`);
        return null;
      }
      const about = module.get_dataset_metadata(this.file.file_id, path);
      const shape = about.shape?.join(' x ') ?? 'empty';
      if (shape !== `3 x ${size} x ${size}`) {
        remark('stack-shape', `stack is ${shape}, expected 3 x ${size} x ${size}`);
        return null;
      }
      if (about.type !== FLOAT || (about.size !== 4 && about.size !== 8)) {
        const found = about.type === FLOAT ? `${8 * about.size}-bit floats` : 'not floats';
        remark('stack-type', `stack holds ${found}, expected 32-bit floats`);
        return null;
      }
      if (about.size === 8) remark('stack-double', 'stack holds 64-bit floats');
      return this.readStack(path, 3 * size * size, about.size);
    });
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

  private readStack(path: string, count: number, width: 4 | 8): Float32Array {
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

  private note(group: string | null, kind: AnomalyKind, reason: string): void {
    this.report({ kind, file: this.path, group, reason });
  }

  private async guarded<T>(
    group: string,
    kind: AnomalyKind,
    read: (remark: Remark) => T | null,
  ): Promise<T | null> {
    if (this.library.worn) await this.reopen();
    try {
      return read((what, reason) => this.note(group, what, reason));
    } catch (error) {
      this.note(group, kind, this.library.fault(error));
      return null;
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
