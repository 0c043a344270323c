import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
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
    z.comment = b'PK\\x05\\x06 a comment that looks like an end record'
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

  it('are refused with one line when damaged', async () => {
    const archive = join(folder, 'a.zip');
    const zip = new AdmZip();
    zip.addFile('a.bin', Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * i) % 251)));
    zip.writeZip(archive);
    const whole = readFileSync(archive);
    const [entry] = await zipEntries(archive);
    const broken = Buffer.from(whole).fill(0xff, 60, 200);
    writeFileSync(archive, broken);
    await expect(unzipEntry(archive, entry!, join(folder, 'out'))).rejects.toThrow(
      /a\.zip is no whole zip archive: a\.bin .*\(delete it and try again\)/,
    );
    truncateSync(archive, whole.length - 30);
    await expect(zipEntries(archive)).rejects.toThrow('it has no directory');
    writeFileSync(archive, 'not a zip');
    await expect(zipEntries(archive)).rejects.toThrow('it has no directory');
  });
});
