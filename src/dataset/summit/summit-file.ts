import type { Atom, Cell, Crystal, Vec3 } from '../../crystal/crystal.ts';
import type { Camera } from '../../simulate/camera.ts';
import { type SimulationOptions, simulationSchema } from '../../simulate/options.ts';
import type { SampleFacts } from '../../simulate/sample.ts';
import type { Anomaly, AnomalyKind } from '../anomaly.ts';
import { GroupAttributes, type Remark } from '../hdf5/attributes.ts';
import type { ExternalAccess } from '../hdf5/external.ts';
import { type DatasetFacts, LibraryFile, UnreadableFile } from '../hdf5/library-file.ts';
import { fileProblem } from '../hdf5/superblock.ts';
import {
  pieceReducer,
  type ReduceOptions,
  type Reduction,
  reduceStack,
} from '../intensity/transform.ts';
import { cleanMaterial } from '../split.ts';

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
  static async open(
    path: string,
    report: Report = () => {},
    external?: ExternalAccess,
  ): Promise<SummitFile> {
    const problem = fileProblem(path);
    if (problem) {
      const { kind, reason, patch } = problem;
      if (!patch) throw new UnreadableFile(kind, reason);
      report({ kind, file: path, group: null, reason });
    }
    return new SummitFile(
      path,
      report,
      await LibraryFile.open(path, { patch: problem?.patch, external }),
    );
  }

  /** Names of the samples' groups, in the order of the file. */
  groups(): string[] {
    return this.library.groups();
  }

  /** How the patterns of this file are sampled. */
  camera(): Camera {
    const attributes = new GroupAttributes(this.library.rootAttributes(), this.remarkOn(null));
    if (!attributes.names.includes('camera')) return SUMMIT_CAMERA;
    const values = attributes.numbers('camera', 3);
    if (values && values[0]! > 0 && values[1]! > 0) {
      return { size: values[0]!, pixel: values[1]!, centre: values[2]! };
    }
    throw new UnreadableFile('file-camera', 'its attribute camera is not size, pixel, centre');
  }

  /** The settings of the simulation that made all samples; null where the file tells none. */
  simulation(): SimulationOptions | null {
    const attributes = new GroupAttributes(this.library.rootAttributes(), this.remarkOn(null));
    if (!attributes.names.includes('simulation')) return null;
    try {
      return simulationSchema.parse(JSON.parse(attributes.text('simulation') ?? ''));
    } catch {
      return null; // Of another program, or of a version with other settings.
    }
  }

  /** Other files that this one has named so far. */
  get links(): ReadonlySet<string> {
    return this.library.links;
  }

  /** What to say where samples lie in groups of groups; null where none do. */
  deeperSamples(): string | null {
    const deeper = this.library.deeper(STACK).map((path) => path.slice(0, -STACK.length - 1));
    if (deeper.length === 0) return null;
    const count = deeper.length === 1 ? '1 sample lies' : `${deeper.length} samples lie`;
    return `${count} deeper, such as ${deeper[0]}: samples are groups of the root`;
  }

  /** What the attributes of a group say. */
  async facts(group: string, { careful = false } = {}): Promise<SampleFacts | null> {
    const { library } = this;
    const remark = this.remarkOn(group);
    return library.guarded('group-unreadable', remark, () => {
      const source = library.attributes(group, careful);
      if (source) return readFacts(new GroupAttributes(source, remark), group, remark);
      const filter = library.lackingFilter(group);
      if (library.linkFault) remark('link-dead', library.linkFault);
      else if (filter) remark('stack-unreadable', filter);
      else remark('not-a-sample', 'not a group');
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
      if (!about) remark('no-stack', library.linkFault ?? `no dataset ${STACK}`);
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

type Three<T> = readonly [T, T, T];

/** GroupAttributes of a sample in the Summit layout. */
const SUMMIT_ATTRIBUTES = [
  'space_group',
  'material',
  'energy_keV',
  'formula',
  'z_dirs',
  'y_dirs',
  'semi_angles_rad',
  'd_hkls_angstrom',
  'abc_angstrom',
  'angles_degree',
] as const;

/**
 * What this project adds, where it is known: the thickness, and of a simulated crystal its name and
 * all atoms of the conventional cell.
 */
export const CRYSTAL_ATTRIBUTES = {
  id: 'crystal',
  elements: 'atomic_numbers',
  positions: 'fractional_coordinates',
  uIso: 'u_iso_square_angstrom',
} as const;
const ADDED_ATTRIBUTES = ['thickness_angstrom', ...Object.values(CRYSTAL_ATTRIBUTES)];

const KNOWN = new Set<string>([...SUMMIT_ATTRIBUTES, ...ADDED_ATTRIBUTES]);

/** The columns of a (1, 3, 3) attribute: direction k stands in column k. */
const columns = (values: number[]): Three<Vec3> => {
  const column = (k: number): Vec3 => [values[k]!, values[3 + k]!, values[6 + k]!];
  return [column(0), column(1), column(2)];
};

/** The nine numbers of a (1, 3, 3) attribute whose columns are the three directions. */
export const asColumns = (vectors: Three<Vec3>): number[] =>
  [0, 1, 2].flatMap((i) => vectors.map((vector) => vector[i]!));

const UNKNOWN: Vec3 = [0, 0, 0];

function readCell(attributes: GroupAttributes, remark: Remark): Cell | null {
  const lengths = attributes.numbers('abc_angstrom', 3);
  const angles = attributes.numbers('angles_degree', 3);
  if (!lengths || !angles) return null;
  const sound =
    lengths.every((length) => length > 0.5 && length < 1000) &&
    angles.every((angle) => angle > 1 && angle < 179);
  if (sound) return [...lengths, ...angles] as unknown as Cell;
  remark('attribute-value', `no such cell: ${[...lengths, ...angles].join(' ')}`);
  return null;
}

/** The energy, or what the index at the end of the group's name says: 0..9 are 100..190 keV. */
function readEnergy(attributes: GroupAttributes, key: string, remark: Remark): number {
  const energy = attributes.number('energy_keV');
  if (energy !== null && energy > 0) return energy;
  const index = /_(\d)$/.exec(key)?.[1];
  if (energy !== null) remark('attribute-value', `energy_keV is ${energy}`);
  return index === undefined ? Number.NaN : 100 + 10 * Number(index);
}

function readSpaceGroup(attributes: GroupAttributes, remark: Remark): number | null {
  const spaceGroup = attributes.number('space_group');
  if (spaceGroup !== null && Number.isInteger(spaceGroup) && spaceGroup >= 1 && spaceGroup <= 230) {
    return spaceGroup;
  }
  remark('space-group', `space group ${spaceGroup ?? 'unknown'} is not one of 1..230`);
  return null;
}

/** The crystal that was simulated; null where the attributes do not give it. */
function readCrystal(
  attributes: GroupAttributes,
  { spaceGroup, material, formula, cell }: SampleFacts,
  remark: Remark,
): Crystal | null {
  const { id, elements, positions, uIso } = CRYSTAL_ATTRIBUTES;
  const numbers = attributes.list(elements);
  if (!numbers || !cell) return null;
  const places = attributes.list(positions) ?? [];
  const shifts = attributes.list(uIso);
  const sound =
    numbers.length > 0 &&
    numbers.every((number) => Number.isInteger(number) && number >= 1 && number <= 103) &&
    places.length === 3 * numbers.length &&
    (!shifts || shifts.length === numbers.length);
  if (!sound) {
    remark(
      'attribute-value',
      `${elements}, ${positions} and ${uIso} do not give the atoms of a cell`,
    );
    return null;
  }
  const atoms = numbers.map((element, i): Atom => {
    const position = [places[3 * i]!, places[3 * i + 1]!, places[3 * i + 2]!] as const;
    // -1 stands where the source of the crystal gave none.
    return shifts && shifts[i]! >= 0
      ? { element, position, uIso: shifts[i]! }
      : { element, position };
  });
  const name = attributes.names.includes(id) ? attributes.text(id) : null;
  return { id: name ?? material, material, formula, spaceGroup, cell, atoms };
}

/**
 * What the attributes of a sample say; null where its label or its material is not known, which
 * leaves it out. Everything else that is missing or unsound becomes null, NaN or [0, 0, 0].
 */
function readFacts(attributes: GroupAttributes, key: string, remark: Remark): SampleFacts | null {
  const spaceGroup = readSpaceGroup(attributes, remark);
  const material = cleanMaterial(attributes.text('material') ?? '');
  if (!material) remark('no-material', 'the material is not known, so it cannot be split safely');
  const zones = attributes.numbers('z_dirs', 9);
  const inPlane = attributes.numbers('y_dirs', 9);
  for (const name of attributes.names) {
    if (!KNOWN.has(name)) remark('attribute-extra', `attribute ${name} is not of the layout`);
  }
  // Zones that were not chosen by a reflection have no spacing; that is no fault.
  const optional = (name: string): boolean => attributes.names.includes(name);
  const facts: Omit<SampleFacts, 'spaceGroup' | 'material'> = {
    formula: attributes.text('formula') ?? '',
    energy: readEnergy(attributes, key, remark),
    zones: zones ? columns(zones) : [UNKNOWN, UNKNOWN, UNKNOWN],
    inPlane: inPlane ? columns(inPlane) : null,
    semiAngles: attributes.numbers('semi_angles_rad', 3) as unknown as Three<number> | null,
    spacings: optional('d_hkls_angstrom')
      ? (attributes.numbers('d_hkls_angstrom', 3) as unknown as Three<number> | null)
      : null,
    cell: readCell(attributes, remark),
    thickness: optional('thickness_angstrom') ? attributes.number('thickness_angstrom') : null,
  };
  if (spaceGroup === null || !material) return null;
  const known = { spaceGroup, material, ...facts };
  const crystal = readCrystal(attributes, known, remark);
  return crystal ? { ...known, crystal } : known;
}
