import type { Envelope } from '../../src/codec/envelope.ts';
import { inputError } from '../../src/common/errors.ts';
import type { Principal } from './principal.ts';
import { SlotTable } from './slots.ts';
import type { CodecSpace } from './space.ts';

/** The arrays and the description of a space, for a tensor file. */
export function packSpace(space: CodecSpace): {
  arrays: Record<string, Float32Array | Int32Array>;
  description: Record<string, unknown>;
} {
  const { classes, camera, aperture, zones, frame, principal } = space;
  return {
    arrays: {
      'space/slots': Int32Array.from(frame.slots.slots),
      'space/envelope': frame.envelope.values,
      'space/means': space.means,
      'space/dark': Int32Array.from(space.dark),
      'space/overall': space.overall,
      'space/principal/mean': principal.mean,
      'space/principal/axes': principal.axes,
      'space/principal/deviations': principal.deviations,
      'space/scales': space.scales,
      'space/cell-means': space.cellMeans,
      'space/cell-scales': space.cellScales,
    },
    description: {
      classes,
      camera,
      aperture,
      zones,
      pixel: frame.pixel,
      step: frame.envelope.step,
      rank: principal.rank,
      width: principal.width,
      kept: principal.kept,
    },
  };
}

/**
 * Undoes `packSpace`.
 *
 * @throws input error where an array is missing.
 */
export function unpackSpace(
  arrays: Record<string, Float32Array | Int32Array>,
  description: Record<string, unknown>,
): CodecSpace {
  const array = (name: string): Float32Array | Int32Array => {
    const found = arrays[`space/${name}`];
    if (!found) throw inputError(`the generator's file has no '${name}'; it is of another version`);
    return found;
  };
  const floats = (name: string): Float32Array => array(name) as Float32Array;
  const about = description as Pick<CodecSpace, 'classes' | 'camera' | 'aperture' | 'zones'> & {
    pixel: number;
    step: number;
  } & Pick<Principal, 'rank' | 'width' | 'kept'>;
  const envelope: Envelope = { step: about.step, values: floats('envelope') };
  const slots = new SlotTable(Int16Array.from(array('slots')));
  return {
    classes: about.classes,
    camera: about.camera,
    aperture: about.aperture,
    zones: about.zones,
    frame: { slots, envelope, pixel: about.pixel },
    means: floats('means'),
    dark: Uint8Array.from(array('dark')),
    overall: floats('overall'),
    principal: {
      mean: floats('principal/mean'),
      axes: floats('principal/axes'),
      deviations: floats('principal/deviations'),
      rank: about.rank,
      width: about.width,
      kept: about.kept,
    },
    scales: floats('scales'),
    cellMeans: floats('cell-means'),
    cellScales: floats('cell-scales'),
  };
}
