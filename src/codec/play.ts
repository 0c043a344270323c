import type { Stream } from '../common/stream.ts';

/** Ways to make a new triplet of a class from its own training triplets, without a network. */
export const SAMPLERS = [
  'copy',
  'interpolation',
  'jitter',
  'interpolation-jitter',
  'lattice-transfer',
] as const;
export type SamplerName = (typeof SAMPLERS)[number];

/** How far a sampler goes beyond its sources; standard deviations and ranges. */
export interface Play {
  /** ln of all lengths together, ln of each length, degrees of each angle. */
  volume: number;
  length: number;
  angle: number;
  /** Amplitude of the smooth gain along |g|. */
  gain: number;
  /** Range of the factor on all levels' deviations from the envelope. */
  contrast: readonly [number, number];
  /** Range of the factor on all modes. */
  modes: readonly [number, number];
}

const STILL: Play = {
  volume: 0,
  length: 0,
  angle: 0,
  gain: 0,
  contrast: [1, 1],
  modes: [1, 1],
};

export const PLAYS: Record<SamplerName, Play> = {
  copy: STILL,
  interpolation: STILL,
  jitter: {
    volume: 0.04,
    length: 0.05,
    angle: 2,
    gain: 0.4,
    contrast: [0.8, 1.2],
    modes: [0.7, 1.2],
  },
  'interpolation-jitter': {
    volume: 0.03,
    length: 0.025,
    angle: 1,
    gain: 0.25,
    contrast: [0.85, 1.15],
    modes: [1, 1],
  },
  'lattice-transfer': {
    volume: 0.05,
    length: 0.03,
    angle: 1,
    gain: 0.4,
    contrast: [0.8, 1.2],
    modes: [0.7, 1.2],
  },
};

/** Relative amplitudes of the cosines of the smooth gain, longest wave first. */
const GAIN_WAVES = [1, 0.7, 0.5, 0.35];
/** |g| over which the first cosine turns by half, 1/angstrom. */
const GAIN_REACH = 1.3;
/** Share of the gain at the direct beam that is taken back: total intensity hardly changes. */
const GAIN_HELD = 0.7;
/** A smooth gain along |g|, the same for equal |g| so that it keeps every symmetry. */
export function smoothGain(amplitude: number, stream: Stream): (g: number) => number {
  const waves = GAIN_WAVES.map((relative) => amplitude * relative * stream.normal());
  const at = (g: number): number =>
    waves.reduce((sum, wave, n) => sum + wave * Math.cos((Math.PI * n * g) / GAIN_REACH), 0);
  const centre = at(0);
  return (g) => at(g) - GAIN_HELD * centre;
}
