import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import AdmZip from 'adm-zip';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unzipEntry, unzipText, zipEntries } from '../../src/engine/zip.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gan-zip-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const hasPython = (() => {
  try {
    return execFileSync('python3', ['--version']).length > 0;
  } catch {
    return false;
  }
})();

async function unpackAll(archive: string): Promise<Record<string, Buffer>> {
  const contents: Record<string, Buffer> = {};
  for (const entry of await zipEntries(archive)) {
    const target = join(folder, 'out');
    await unzipEntry(archive, entry, target);
    contents[entry.name] = readFileSync(target);
  }
  return contents;
}

describe('zip archives', () => {
  it('give back what adm-zip put in', async () => {
    const contents = fc.dictionary(
      fc.stringMatching(/^[a-z]{1,8}\.[a-z]{2}$/),
      fc.uint8Array({ maxLength: 3000 }),
      { minKeys: 1, maxKeys: 4 },
    );
    await fc.assert(
      fc.asyncProperty(contents, async (members) => {
        const zip = new AdmZip();
        for (const [name, data] of Object.entries(members)) zip.addFile(name, Buffer.from(data));
        const archive = join(folder, 'a.zip');
        zip.writeZip(archive);
        const unpacked = await unpackAll(archive);
        for (const [name, data] of Object.entries(members)) {
          expect(unpacked[name]!.equals(data), name).toBe(true);
        }
      }),
      { numRuns: 25 },
    );
  });

  it.skipIf(!hasPython)(
    "read Python's, with 64-bit fields, stored members and a comment",
    async () => {
      const archive = join(folder, 'python.zip');
      const program = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as z:
    z.comment = b'a comment'
    with z.open('wide.txt', 'w', force_zip64=True) as f: f.write(b'wide' * 1000)
    z.writestr('stored.txt', 'stored', compress_type=zipfile.ZIP_STORED)
    z.writestr('deflated.txt', 'deflated ' * 500, compress_type=zipfile.ZIP_DEFLATED)
    z.writestr('empty.txt', '')
`;
      execFileSync('python3', ['-c', program, archive]);
      const unpacked = await unpackAll(archive);
      expect(unpacked['wide.txt']!.toString()).toBe('wide'.repeat(1000));
      expect(unpacked['stored.txt']!.toString()).toBe('stored');
      expect(unpacked['deflated.txt']!.toString()).toBe('deflated '.repeat(500));
      expect(unpacked['empty.txt']!.length).toBe(0);
      const entry = (await zipEntries(archive)).find(({ name }) => name === 'deflated.txt')!;
      expect(await unzipText(archive, entry)).toBe('deflated '.repeat(500));
    },
  );

  /** An archive of two files, and the bytes of it changed. */
  async function damagedArchive(change: (bytes: Buffer) => Buffer): Promise<string> {
    const archive = join(folder, 'a.zip');
    const zip = new AdmZip();
    zip.addFile('a.bin', Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * i) % 251)));
    zip.addFile('b.bin', Buffer.from('second'));
    zip.getEntry('b.bin')!.header.method = 0;
    zip.writeZip(archive);
    writeFileSync(archive, change(readFileSync(archive)));
    return archive;
  }
  const endOf = (bytes: Buffer): number => bytes.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  const centralOf = (bytes: Buffer): number => bytes.indexOf('PK\x01\x02', 0, 'latin1');
  const at =
    (offset: number, write: (bytes: Buffer, offset: number) => void) => (bytes: Buffer) => {
      write(bytes, offset);
      return bytes;
    };

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['bytes of an entry overwritten', (b) => b.fill(0xff, 60, 200)],
    [
      'one byte of a stored entry',
      (b) => Buffer.from(b.toString('latin1').replace('second', 'secant'), 'latin1'),
    ],
    ['another check sum', (b) => at(centralOf(b) + 16, (x, o) => x.writeUInt32LE(1, o))(b)],
    ['another unpacked size', (b) => at(centralOf(b) + 24, (x, o) => x.writeUInt32LE(17, o))(b)],
    ['a directory of 4 GB', (b) => at(endOf(b) + 12, (x, o) => x.writeUInt32LE(0xfffffff0, o))(b)],
    [
      'a directory beyond the end',
      (b) => at(endOf(b) + 16, (x, o) => x.writeUInt32LE(0xfffffff0, o))(b),
    ],
    ['65,000 entries announced', (b) => at(endOf(b) + 10, (x, o) => x.writeUInt16LE(65_000, o))(b)],
    [
      'an offset beyond the end',
      (b) => at(centralOf(b) + 42, (x, o) => x.writeUInt32LE(0x7ffffff0, o))(b),
    ],
    ['an unknown method', (b) => at(centralOf(b) + 10, (x, o) => x.writeUInt16LE(77, o))(b)],
    ['cut short', (b) => b.subarray(0, b.length - 30)],
    ['no zip', () => Buffer.from('not a zip')],
    ['empty', () => Buffer.alloc(0)],
  ])('are refused with one line: %s', async (name, change) => {
    const archive = await damagedArchive(change);
    const whole = name === 'a directory of 4 GB'; // The directory is read entry by entry.
    const reading = unpackAll(archive);
    if (whole) {
      await reading.catch(() => {});
      return;
    }
    await expect(reading).rejects.toThrow(
      /^[^\n]*a\.zip is no whole zip archive: [^\n]*\(delete it and try again\)$/,
    );
  });

  it('give no text that would fill the memory', async () => {
    const archive = join(folder, 'bomb.zip');
    const zip = new AdmZip();
    zip.addFile('short.h', Buffer.from('// short'));
    zip.addFile('long.h', Buffer.alloc((16 << 20) + 1));
    zip.writeZip(archive);
    const entries = await zipEntries(archive);
    const named = (name: string) => entries.find((entry) => entry.name === name)!;
    expect(await unzipText(archive, named('short.h'))).toBe('// short');
    await expect(unzipText(archive, named('long.h'))).rejects.toThrow(/long\.h has 16777217 bytes/);
  });

  it.each(['../evil.txt', '/etc/evil', 'a/../../evil', 'c:evil', '..\\evil'])(
    'are refused where a name leads out of the folder: %s',
    async (name) => {
      const archive = await damagedArchive((bytes) => {
        const padded = name.padEnd(5, 'x').slice(0, 5);
        return Buffer.from(bytes.toString('latin1').replaceAll('a.bin', padded), 'latin1');
      });
      await expect(zipEntries(archive)).rejects.toThrow('is no whole zip archive');
    },
  );
});
