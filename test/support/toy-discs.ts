import { discVector, MODES, type TripletDiscs } from '../../src/codec/discs.ts';
import type { EncodedSet, EncodedTriplet } from '../../src/codec/encode.ts';
import { tripletGeometry } from '../../src/codec/geometry.ts';
import { extinction, patternSymmetry, symmetrise } from '../../src/codec/symmetry.ts';
import { Stream } from '../../src/common/stream.ts';
import { conformCell } from '../../src/crystal/cell.ts';
import type { Cell } from '../../src/crystal/crystal.ts';
import { latticeSystem } from '../../src/crystal/spacegroup.ts';
import { standardZones } from '../../src/crystal/zone.ts';
import { defaultCamera } from '../../src/simulate/camera.ts';

export const TOY_CAMERA = defaultCamera(32);
export const TOY_GROUPS = [14, 62, 225] as const;
const COUNTS = [8, 6, 4] as const;

function toyTriplet(label: number, number: number): EncodedTriplet {
  const spaceGroup = TOY_GROUPS[label]!;
  const stream = new Stream(9, `toy discs/${spaceGroup}/${number}`);
  const raw: Cell = [
    stream.between(4.5, 6),
    stream.between(4.5, 6),
    stream.between(4.5, 6),
    90,
    stream.between(95, 105),
    90,
  ];
  const cell = conformCell(raw, latticeSystem(spaceGroup));
  const zones = standardZones(spaceGroup);
  const contrast = stream.between(0.6, 1.4);
  const geometry = tripletGeometry({ cell, spaceGroup, zones, camera: TOY_CAMERA });
  const discs = geometry.map((pattern, zone) => {
    const own = new Stream(9, `toy intensities/${spaceGroup}/${zone}`);
    const coefficients = new Float32Array(pattern.h.length * MODES);
    pattern.h.forEach((h, disc) => {
      const k = pattern.k[disc]!;
      const g = discVector(pattern.basis, h, k).length * TOY_CAMERA.pixel;
      const dark = extinction(spaceGroup, pattern.zone, [h, k]) !== 'none';
      const wave = Math.sin(3 * Math.abs(h) + 5 * Math.abs(k) + 2 * zone + spaceGroup);
      coefficients[disc * MODES] = dark ? -2 : Math.max(0.6, 10 - 7 * g + contrast * 2 * wave);
      if (!dark) coefficients[disc * MODES + 3] = 0.2 * own.normal();
    });
    const plain = { geometry: pattern, coefficients, background: null };
    return symmetrise(plain, patternSymmetry(spaceGroup, pattern.zone));
  }) as unknown as TripletDiscs;
  const material = `${spaceGroup}-${number}`;
  return { label, spaceGroup, material, cell, zones, inPlane: null, spacings: null, discs };
}

/** Triplets of three space groups as discs, made up: what a small GAN trains on in seconds. */
export const toySet = (counts: readonly number[] = COUNTS): EncodedSet => ({
  classes: TOY_GROUPS,
  camera: TOY_CAMERA,
  aperture: 'mesh',
  triplets: counts.flatMap((count, label) =>
    Array.from({ length: count }, (_, number) => toyTriplet(label, number)),
  ),
  leftOut: {},
  residualShare: 0,
});
