import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { usageError } from '../../src/common/errors.ts';
import { explainFileError, freeBytes, requireSpace } from '../../src/engine/space.ts';

const folder = mkdtempSync(join(tmpdir(), 'gan-space-'));
const small = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;

afterAll(() => {
  if (small) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true });
});

describe('disk space', () => {
  it('is required beforehand', async () => {
    await requireSpace(folder, 1000, 'a test');
    await expect(requireSpace(folder, 2 ** 60, 'a test')).rejects.toThrow(
      /^a test needs 1048576\.0 TiB in .*, where .* are free \(free some space, or set CBED_CACHE/,
    );
  });

  it.skipIf(!small)('is measured, and a disk that fills up is named', async () => {
    expect(await freeBytes(folder)).toBeLessThanOrEqual(2 ** 20);
    let error: unknown;
    try {
      writeFileSync(join(folder, 'big'), Buffer.alloc(2 ** 21));
    } catch (thrown) {
      error = thrown;
    }
    expect(explainFileError(error, folder).message).toMatch(/^the disk of .* is full \(free some/);
  });

  it('leaves other errors alone', () => {
    const known = usageError('x');
    expect(explainFileError(known, folder)).toBe(known);
    const other = new Error('y');
    expect(explainFileError(other, folder)).toBe(other);
    const denied = Object.assign(new Error('z'), { code: 'EACCES' });
    expect(explainFileError(denied, '/x').message).toMatch(/^\/x cannot be written \(EACCES\)/);
  });
});
