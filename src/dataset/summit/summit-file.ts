import type { Camera } from '../../simulate/camera.ts';
import type { SampleFacts } from '../../simulate/sample.ts';
import type { Anomaly, AnomalyKind } from '../anomaly.ts';
import { Attributes, type Remark } from '../hdf5/attributes.ts';
import { type DatasetFacts, LibraryFile, UnreadableFile } from '../hdf5/library-file.ts';
import { fileProblem } from '../hdf5/superblock.ts';
import {
  pieceReducer,
  type ReduceOptions,
  type Reduction,
  reduceStack,
} from '../intensity/transform.ts';
import { readFacts } from './summit-facts.ts';

/** The camera of the Summit data: a 100 angstrom box at 512 pixels a side. */
export const SUMMIT_CAMERA: Camera = { size: 512, pixel: 0.01, centre: 256 };

/** The dataset of a sample's three patterns. */
export const STACK = 'cbed_stack';

const FLOAT = 1;

type Report = (anomaly: Anomaly) => void;

/**
 * One file in the Summit layout, open for reading. Groups are read one at a time into one buffer,
 * so memory does not grow with the file. What is wrong with a sample is told to `report`; a
 * sample that cannot be used comes back as null.
 */
export class SummitFile {
  readonly path: string;
  private readonly report: Report;
  private readonly library: LibraryFile;

  private constructor(path: string, report: Report, library: LibraryFile) {
    this.path = path;
    this.report = report;
    this.library = library;
  }

  /**
   * Opens a file. Of one that was cut off, what stands before the cut is read, and the cut told.
   *
   * @throws UnreadableFile where nothing of the file can be read.
   */
  static async open(path: string, report: Report = () => {}): Promise<SummitFile> {
    const problem = fileProblem(path);
    if (problem) {
      const { kind, reason, patch } = problem;
      if (!patch) throw new UnreadableFile(kind, reason);
      report({ kind, file: path, group: null, reason });
    }
    return new SummitFile(path, report, await LibraryFile.open(path, problem?.patch));
  }

  /** Names of the samples' groups, in the order of the file. */
  groups(): string[] {
    return this.library.groups();
  }

  /** How the patterns of this file are sampled. */
  camera(): Camera {
    const attributes = new Attributes(this.library.rootAttributes(), this.remarkOn(null));
    if (!attributes.names.includes('camera')) return SUMMIT_CAMERA;
    const values = attributes.numbers('camera', 3);
    if (values && values[0]! > 0 && values[1]! > 0) {
      return { size: values[0]!, pixel: values[1]!, centre: values[2]! };
    }
    throw new UnreadableFile('file-camera', 'its attribute camera is not size, pixel, centre');
  }

  /** What the attributes of a group say. */
  async facts(group: string, { careful = false } = {}): Promise<SampleFacts | null> {
    const { library } = this;
    const remark = this.remarkOn(group);
    return library.guarded('group-unreadable', remark, () => {
      const source = library.attributes(group, careful);
      if (source) return readFacts(new Attributes(source, remark), group, remark);
      remark('not-a-sample', 'not a group');
      return null;
    });
  }

  /**
   * The (3, size, size) intensities of a group, size as the camera says; a view that the next
   * read overwrites.
   */
  stack(group: string, size: number): Promise<Float32Array | null> {
    return this.readStack(group, size, (path, about) =>
      this.library.floats(path, 3 * size * size, about),
    );
  }

  /** The intensities of a group reduced to `size` pixels a side, from `from` as the camera says. */
  reduced(group: string, options: ReduceOptions): Promise<Reduction | null> {
    const { from, size, into } = options;
    const count = 3 * from * from;
    return this.readStack(group, from, (path, facts) => {
      const reducer = pieceReducer(options);
      if (reducer && this.library.pieces(path, { count, facts }, reducer)) return reducer.done();
      const reduction = reduceStack(this.library.floats(path, count, facts), from, size);
      into?.set(reduction.pixels);
      return reduction;
    });
  }

  close(): void {
    this.library.close();
  }

  private async readStack<T>(
    group: string,
    size: number,
    read: (path: string, about: DatasetFacts) => T,
  ): Promise<T | null> {
    const { library } = this;
    const remark = this.remarkOn(group);
    return library.guarded('stack-unreadable', remark, () => {
      const path = `${group}/${STACK}`;
      const about = library.about(path);
      if (!about) remark('no-stack', `no dataset ${STACK}`);
      return about && isStack(about, size, remark) ? read(path, about) : null;
    });
  }

  private remarkOn(group: string | null): Remark {
    return (kind: AnomalyKind, reason: string) =>
      this.report({ kind, file: this.path, group, reason });
  }
}

const shapeText = (shape: readonly number[] | null): string => shape?.join(' x ') ?? 'empty';

/** True where a dataset holds the intensities of a sample; remarks on what it holds otherwise. */
function isStack({ type, size: width, shape }: DatasetFacts, size: number, remark: Remark) {
  const wanted = `3 x ${size} x ${size}`;
  if (shapeText(shape) !== wanted) {
    remark('stack-shape', `stack is ${shapeText(shape)}, expected ${wanted}`);
    return false;
  }
  if (type !== FLOAT || (width !== 4 && width !== 8)) {
    const found = type === FLOAT ? `${8 * width}-bit floats` : 'not floats';
    remark('stack-type', `stack holds ${found}, expected 32-bit floats`);
    return false;
  }
  if (width === 8) remark('stack-double', 'stack holds 64-bit floats');
  return true;
}
