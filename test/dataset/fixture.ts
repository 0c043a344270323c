import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sample } from '../../src/simulate/sample.ts';

/** A folder for one test file, and the workspace of everything that runs in it. */
export function temporaryFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'cbed-dataset-'));
  process.env.CBED_WORKSPACE = join(folder, 'workspace');
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface Recipe {
  material?: string;
  spaceGroup?: number;
  /** 0..9 for 100..190 keV. */
  energyIndex?: number;
  size?: number;
}

/** (3, size, size) discs on a square net; every `number` gives other intensities. */
export function discStack(number: number, size: number): Float32Array {
  const stack = new Float32Array(3 * size * size);
  const pitch = size / 8;
  for (let at = 0; at < stack.length; at++) {
    const pattern = Math.floor(at / (size * size));
    const x = (at % size) - size / 2;
    const y = (Math.floor(at / size) % size) - size / 2;
    const [h, k] = [Math.round(x / pitch), Math.round(y / pitch)];
    const inside = Math.hypot(x - h * pitch, y - k * pitch) < 0.35 * pitch;
    const mixed = Math.imul(number + 1, 73856093) ^ Math.imul(h, 19349663) ^ Math.imul(k, 83492791);
    const phase = ((Math.imul(mixed ^ pattern, 0x9e3779b1) >>> 8) & 0xffff) % 17;
    if (inside) stack[at] = Math.exp(-0.5 * Math.hypot(h, k) - 0.3 * phase);
  }
  return stack;
}

/** A sample as the simulator gives them. */
export function sampleOf(number: number, recipe: Recipe = {}): Sample {
  const { material = `mp-${number}`, spaceGroup = 225, energyIndex = 0, size = 32 } = recipe;
  return {
    key: `sample_${number}_${energyIndex}`,
    spaceGroup,
    material,
    formula: 'Na4 Cl4',
    energy: 100 + 10 * energyIndex,
    zones: [
      [0, 0, 1],
      [1, 1, 0],
      [1, 1, 1],
    ],
    inPlane: [
      [0, 1, 0],
      [0, 0, 1],
      [1, -1, 0],
    ],
    semiAngles: [0.001, 0.002, 0.003],
    spacings: [2.82, 1.99, 3.26],
    cell: [5.64, 5.64, 5.64, 90, 90, 90],
    thickness: 100,
    camera: { size, pixel: 5.12 / size, centre: size / 2 },
    stack: discStack(number + 1000 * energyIndex, size),
  };
}
