import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CbedError } from '../../src/common/errors.ts';
import { readTensorFile, writeTensorFile } from '../../src/common/tensorfile.ts';
import { temporaryFolder } from '../support/folder.ts';

const folder = temporaryFolder('tensorfile');
const path = join(folder, 'weights.safetensors');
const arrays = { weights: Float32Array.of(1.5, -2, 3), steps: Int32Array.of(7) };
writeTensorFile(path, { arrays, description: { zones: [1, 2, 3], note: 'é' } });
const whole = readFileSync(path);

describe('a file of weights', () => {
  it('comes back as it was written', () => {
    expect(readTensorFile(path)).toEqual({ arrays, description: { zones: [1, 2, 3], note: 'é' } });
  });

  it('is refused with any bit flipped, any byte lost, and without its digest', () => {
    const damaged = join(folder, 'damaged.safetensors');
    const refused = (bytes: Uint8Array): void => {
      writeFileSync(damaged, bytes);
      expect(() => readTensorFile(damaged)).toThrow(CbedError);
    };
    const blank = Buffer.from(' ')[0]!;
    for (let at = 0; at < whole.length; at++) {
      if (whole[at] === blank) continue; // padding between head and numbers
      const flipped = Buffer.from(whole);
      flipped[at]! ^= 1 << (at % 8);
      refused(flipped);
      refused(whole.subarray(0, at));
    }
    const text = whole.toString('latin1');
    refused(Buffer.from(text.replace('"digest"', '"digesT"'), 'latin1'));
    refused(Buffer.from(text.replace('[1,2,3]', '[1,3,2]'), 'latin1'));
    refused(Buffer.from(text.replace('"shape":[3]', '"shape":[2]'), 'latin1'));
  });
});
