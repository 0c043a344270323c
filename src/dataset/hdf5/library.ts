import { closeSync, existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import type * as H5wasm from 'h5wasm/node';
import { behindLinks } from './behind-links.ts';
import { type ExternalAccess, externalRefusal, foldersOf } from './external.ts';
import type { Patch } from './superblock.ts';

type Module = Awaited<typeof H5wasm.ready>;

interface NodeStream {
  path: string;
  nfd?: number;
  position: number;
}

/** The part of the library's file system that is used here. */
interface NodeFiles {
  streams: (NodeStream | null)[];
  ErrnoError: new (errno: number) => Error;
  open(path: string, flags: number, mode?: number): unknown;
  read(
    stream: NodeStream,
    buffer: Int8Array | Uint8Array,
    offset: number,
    length: number,
    at?: number,
  ): number;
}

/** Where bytes are put piece by piece. */
export interface PieceSink {
  room: Uint8Array;
  /** The room has been filled. */
  take(): void;
}

/** Bytes on their way from a file to a place in the library's memory, that go to a sink. */
interface Diversion {
  address: number;
  bytes: number;
  sink: PieceSink;
  /** Bytes that have come; NaN where they came otherwise than one after the other. */
  come: number;
}

/** An open file, and what it may take from others. */
interface Admission extends ExternalAccess {
  /** Every other file that was asked for while it was open. */
  links: Set<string>;
}

// What emscripten calls `EACCES`, and the files that the library makes for itself.
const NOT_PERMITTED = 2;
// Folders are opened in search of filters.
const DIRECTORY = 0o200000;
// A file that only this opening makes, as the library does to print its errors, tells nothing of others.
const CREATED_ANEW = 0o300;

// An error leaves C stack frames and handles behind in the library's memory.
const FAULTS_BEFORE_RENEWAL = 8;

/** One instance of the HDF5 library (compiled to WebAssembly, on the real file system). */
export class Hdf5 {
  readonly module: Module;
  readonly File: typeof H5wasm.File;
  private readonly patches = new Map<string, Patch>();
  private readonly files: NodeFiles;
  private opening: string | null = null;
  private readonly admitted = new Map<string, Admission>();
  private refusal: string | null = null;
  private absent: string | null = null;
  private diversion: Diversion | null = null;
  /** Whether another file was ever opened for one, and those that are while a call runs. */
  private hasLinks = false;
  private recorded: string[] = [];
  private faults = 0;
  private dead = false;

  constructor(library: typeof H5wasm, module: Module) {
    this.module = module;
    this.File = new Proxy(library.File, {
      construct: (file, args: ConstructorParameters<typeof H5wasm.File>) =>
        this.openNamed(args[0], () => new file(...args)),
    });
    // Without this the library prints its errors and hands back rubbish.
    module.activate_throwing_error_handler();
    this.files = module.FS as unknown as NodeFiles;
    this.readThroughPatches();
    this.guardOpening();
    this.nameFilters();
    this.readAttributesBehindLinks();
    this.refuseGaps();
  }

  /**
   * Says, before a file is opened, what it may take from others; links that stay in its folder
   * where nothing is said.
   *
   * @returns the files it asks for while it is open, filled as it does.
   */
  admit(path: string, access: ExternalAccess, links = new Set<string>()): Set<string> {
    const given = access.folders.map((folder) => resolve(folder));
    const folders = [...given, ...foldersOf(resolve(path))];
    this.admitted.set(resolve(path), { ...access, folders, links });
    return links;
  }

  /** Takes what was wrong with the last file that another one named; null where nothing was. */
  takeLinkFault(): string | null {
    const { refusal, absent } = this;
    this.refusal = null;
    this.absent = null;
    return refusal ?? (absent && `a link to ${absent}, which is not there`);
  }

  /**
   * What `read` makes the library read from a file straight to an address goes to a sink instead,
   * which need not be as large: the library hands out its memory only by copying.
   *
   * @returns false where not all bytes came so; they are then to be read without.
   */
  divert(address: number, bytes: number, sink: PieceSink, read: () => void): boolean {
    const diversion = { address, bytes, sink, come: 0 };
    this.diversion = diversion;
    try {
      read();
    } finally {
      this.diversion = null;
    }
    return diversion.come === bytes;
  }

  /** Lets the library read other bytes at one place of a file; the file itself stays as it is. */
  patch(path: string, patch: Patch): void {
    this.patches.set(path, patch);
  }

  unpatch(path: string): void {
    this.patches.delete(path);
  }

  /** True once errors have piled up, or one was of the kind that breaks the instance. */
  get worn(): boolean {
    return this.dead || this.faults >= FAULTS_BEFORE_RENEWAL;
  }

  /** Takes note of what a call threw, and gives it in one line. */
  fault(error: unknown): string {
    this.faults++;
    if (isTrap(error)) this.dead = true;
    this.closeStreams((path) => path.startsWith('/tmp/tmpfile_'));
    return this.takeLinkFault() ?? faultText(error);
  }

  /**
   * Closes a file that the library could not close after an error in it. The instance serves
   * what else is open in it, and no new file.
   */
  abandon(path: string): void {
    this.dead = true;
    this.admitted.delete(resolve(path));
    this.unpatch(path);
    this.closeStreams((open) => open === path);
  }

  /** Why a dataset cannot be read, of which a filter is not known here; null where all are. */
  lackingFilter(file: bigint, path: string): string | null {
    const ids = this.module.get_dataset_filters(file, path).map(({ id }) => id);
    const lacking = ids.find((id) => !OWN_FILTERS.has(id));
    return lacking === undefined ? null : filterFault(lacking);
  }

  /** A filter that a file gives no name is known by its number, which the library does not say. */
  private nameFilters(): void {
    const { module } = this;
    const read = module.get_dataset_data.bind(module);
    module.get_dataset_data = (file, path, ...where) => {
      try {
        return read(file, path, ...where);
      } catch (error) {
        const { vlen, size, total_size: count } = module.get_dataset_metadata(file, path);
        if (vlen && !where[0]) this.leaveEmpty(where[3], size * count);
        if (!NAMELESS.test(String(error))) throw error;
        const numbers = module.get_dataset_filters(file, path).map(({ id }) => id);
        throw new Error(filterFault(numbers.find((id) => id in FILTERS) ?? numbers.at(-1)!));
      }
    };
  }

  /** What was not read is no list of addresses of texts, which the library would free. */
  private leaveEmpty(address: bigint, bytes: number): void {
    this.module.HEAPU8.fill(0, Number(address), Number(address) + bytes);
  }

  /** Files that the library opens of its own while a call runs. */
  private filesOpened(call: () => void): string[] {
    this.recorded = [];
    call();
    return this.recorded;
  }

  private readAttributesBehindLinks(): void {
    const { module } = this;
    const read = module.get_attribute_data.bind(module);
    const readSafely = (file: bigint, path: string, name: string, address: bigint) => {
      try {
        return read(file, path, name, address);
      } catch (error) {
        const { size, total_size: count } = module.get_attribute_metadata(file, path, name);
        this.leaveEmpty(address, size * count);
        throw error;
      }
    };
    module.get_attribute_data = (id, path, name, address) => {
      const file = id as bigint;
      const isBehind = (): boolean =>
        this.filesOpened(() => module.get_attribute_metadata(file, path, name)).length > 0;
      // Who reads an attribute has asked for its type, which opens the file that a link leads to.
      if (!this.hasLinks || !isBehind()) return readSafely(file, path, name, address);
      return behindLinks(
        module,
        { file, path },
        (call) => this.filesOpened(call),
        (place) => readSafely(place.file, place.path, name, address),
      );
    };
  }

  /** A virtual dataset is filled where a file of its cannot be read, and nothing is said: here it is an error. */
  private refuseGaps(): void {
    const { module } = this;
    const read = module.get_dataset_data.bind(module);
    module.get_dataset_data = (...request) => {
      this.takeLinkFault();
      const value = read(...request);
      if (this.refusal !== null) throw new Error(this.refusal);
      return value;
    };
  }

  private openNamed(path: string, open: () => H5wasm.File): H5wasm.File {
    const full = resolve(path);
    this.opening = full;
    if (!this.admitted.has(full)) this.admit(full, { folders: [], allow: false });
    try {
      const file = open();
      const close = file.close.bind(file);
      file.close = () => {
        this.admitted.delete(full);
        return close();
      };
      return file;
    } finally {
      this.opening = null;
    }
  }

  /** Every file that the library opens without being told to is one that a file names. */
  private guardOpening(): void {
    const open = this.files.open;
    this.files.open = (path, flags, mode) => {
      if (typeof path !== 'string') return open(path, flags, mode);
      // Not resolved: that would take `link/..` for nothing, where the system follows the link.
      const full = isAbsolute(path) ? path : `${process.cwd()}/${path}`;
      if (!this.isLink(full, flags)) return open(path, flags, mode);
      this.checkLink(full);
      const stream = open(path, flags, mode);
      this.hasLinks = true;
      this.recorded.push(full);
      return stream;
    };
  }

  private isLink(path: string, flags: number): boolean {
    const own = (flags & CREATED_ANEW) === CREATED_ANEW || resolve(path) === this.opening;
    return !own && (flags & DIRECTORY) === 0;
  }

  private checkLink(path: string): void {
    let refusal: string | null = 'no file is open';
    for (const admission of this.admitted.values()) {
      admission.links.add(path);
      refusal &&= externalRefusal(path, admission);
    }
    if (refusal === null) {
      if (!existsSync(path)) this.absent = path;
      return;
    }
    this.refusal = refusal;
    throw new this.files.ErrnoError(NOT_PERMITTED);
  }

  private readThroughPatches(): void {
    const plainly = this.files.read;
    const read: NodeFiles['read'] = (stream, buffer, offset, length, position) => {
      const from = position ?? stream.position;
      const count = plainly(stream, buffer, offset, length, position);
      const patch = this.patches.get(stream.path);
      patch?.bytes.forEach((byte, i) => {
        const at = patch.at + i - from;
        if (at >= 0 && at < count) buffer[offset + at] = byte;
      });
      return count;
    };
    this.files.read = (stream, buffer, offset, length, position) => {
      const { diversion } = this;
      const diverted =
        diversion &&
        position !== undefined &&
        offset === diversion.address + diversion.come &&
        diversion.come + length <= diversion.bytes;
      if (!diverted) return read(stream, buffer, offset, length, position);
      const { room, take } = diversion.sink;
      for (let done = 0; done < length; done += room.length) {
        const count =
          length - done < room.length ? 0 : read(stream, room, 0, room.length, position + done);
        if (count < room.length) {
          // No whole piece: the library reads it all once more, for itself.
          diversion.come = Number.NaN;
          return read(stream, buffer, offset, length, position);
        }
        take();
      }
      diversion.come += length;
      return length;
    };
  }

  private closeStreams(which: (path: string) => boolean): void {
    const { streams } = this.files;
    streams.forEach((stream, i) => {
      if (!stream || (stream.nfd ?? 0) <= 2 || !which(stream.path)) return;
      try {
        closeSync(stream.nfd!);
      } catch {
        // Closed already.
      }
      streams[i] = null;
    });
  }
}

const isTrap = (error: unknown): boolean =>
  error instanceof WebAssembly.RuntimeError ||
  error instanceof RangeError ||
  /abort|unreachable|out of bounds|memory/i.test(String(error));

const NAMELESS = /required filter (?:''|\(name unavailable\)) is not registered/;

/** Registered filters that are met in the field and are no part of the library. */
const FILTERS: Readonly<Record<number, string>> = {
  4: 'SZIP',
  307: 'bzip2',
  32000: 'LZF',
  32001: 'Blosc',
  32004: 'LZ4',
  32008: 'Bitshuffle',
  32013: 'ZFP',
  32015: 'Zstandard',
  32017: 'SZ',
  32026: 'Blosc2',
};

/** Deflate, shuffle, checksum, n-bit and scale-offset, which the library brings along. */
const OWN_FILTERS: ReadonlySet<number> = new Set([1, 2, 3, 5, 6]);

/** What to say of a dataset compressed with a filter that the library lacks: its name or number. */
function filterFault(filter: string | number): string {
  const number = Number(filter);
  const name = FILTERS[number] ?? (number >= 0 ? `filter ${number}` : filter);
  return `compressed with ${name}, which is not known here; write it anew: h5repack -f GZIP=4 OLD NEW`;
}

/** The library's own words for an error, in one line: its first and its innermost complaint. */
export function faultText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const filter = /required filter '([^']*)' is not registered/.exec(text)?.[1];
  if (filter !== undefined) return filterFault(filter);
  const complaints = [...text.matchAll(/#\d+: .*? in \w+\(\): (.*)/g)].map((match) => match[1]!);
  if (complaints.length === 0) return text.split('\n')[0]!.slice(0, 200);
  const first = complaints[0]!;
  const last = complaints.at(-1)!;
  return (first === last ? first : `${first}: ${last}`).slice(0, 200);
}

let instance: Promise<Hdf5> | null = null;
let generation = 0;

async function load(): Promise<Hdf5> {
  // A query makes the module system build a fresh instance; the first needs none.
  const query = generation++ === 0 ? '' : `?generation=${generation}`;
  const library = (await import(import.meta.resolve('h5wasm/node') + query)) as typeof H5wasm;
  return new Hdf5(library, await library.ready);
}

/** The library, loaded once; a fresh instance where errors have worn the last one. */
export async function hdf5(): Promise<Hdf5> {
  if ((await instance)?.worn) instance = null;
  instance ??= load();
  return instance;
}
