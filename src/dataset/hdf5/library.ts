import { closeSync } from 'node:fs';
import type * as H5wasm from 'h5wasm/node';
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

// An error leaves C stack frames and handles behind in the library's memory.
const FAULTS_BEFORE_RENEWAL = 8;

/** One instance of the HDF5 library (compiled to WebAssembly, on the real file system). */
export class Hdf5 {
  readonly module: Module;
  readonly File: typeof H5wasm.File;
  private readonly patches = new Map<string, Patch>();
  private readonly files: NodeFiles;
  private diversion: Diversion | null = null;
  private faults = 0;
  private dead = false;

  constructor(library: typeof H5wasm, module: Module) {
    this.module = module;
    this.File = library.File;
    // Without this the library prints its errors and hands back rubbish.
    module.activate_throwing_error_handler();
    this.files = module.FS as unknown as NodeFiles;
    this.readThroughPatches();
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
    return faultText(error);
  }

  /**
   * Closes a file that the library could not close after an error in it. The instance serves
   * what else is open in it, and no new file.
   */
  abandon(path: string): void {
    this.dead = true;
    this.unpatch(path);
    this.closeStreams((open) => open === path);
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

/** The library's own words for an error, in one line: its first and its innermost complaint. */
export function faultText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
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
