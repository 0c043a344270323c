import { z } from 'zod';
import type { Vec3 } from '../crystal/crystal.ts';
import { FACTORS } from './scattering.ts';

const positive = z.number().positive();

const bandwidth = positive.min(0.5).max(6);

const direction = z
  .tuple([z.int(), z.int(), z.int()])
  .refine(
    (zone) => zone.some((index) => index !== 0),
    'zone axis 000 has no direction',
  ) satisfies z.ZodType<Vec3>;

/** Root mean square displacement along one axis, angstrom, for atoms that state none. */
const displacement = positive.max(0.5).default(0.07);

const thermal = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }),
  z.object({ kind: z.literal('debye-waller'), displacement }),
  z.object({
    kind: z.literal('frozen-phonons'),
    displacement,
    /** Configurations that are averaged. */
    configurations: z.int().min(1).max(100).default(1),
  }),
]);

const shared = {
  /** Pixels a side of the patterns. */
  size: z.int().min(16).max(1024).default(64),
  /** Accelerating voltages, kV. */
  energies: z
    .array(positive.min(10).max(1000))
    .min(1)
    .refine((list) => new Set(list).size === list.length, 'an energy is given twice')
    .default([100]),
  /** Specimen thicknesses, angstrom, ascending. */
  thicknesses: z.array(positive.max(5000)).min(1).default([100]),
  /** Largest thickness of a slice, angstrom; `spacing` for that of the zone's reflection. */
  sliceThickness: z.union([positive.max(20), z.literal('spacing')]).default(2.5),
  /**
   * `standard` axes of the lattice system, the `strongest` reflections, or three directions in the
   * axes of the crystal's source (a CIF file's own).
   */
  zones: z
    .union([z.enum(['standard', 'strongest']), z.tuple([direction, direction, direction])])
    .default('standard'),
  /** Semi-convergence angle in mrad, or the overlap rule of `discRadius`. */
  semiangle: z.union([positive.max(100), z.literal('rule')]).default('rule'),
  /** Table of electron scattering factors: Kirkland (2010), Lobato and Van Dyck (2014), or NAMSA's. */
  factors: z.enum(FACTORS).default('kirkland'),
  thermal: thermal.default({ kind: 'debye-waller', displacement: 0.07 }),
  /** Imaginary over real part of the potential (0.1 is usual; 0 for none). */
  absorption: z.number().min(0).max(0.5).default(0),
  /** Seed of the frozen phonons. */
  seed: z.int().default(0),
};

/** One projected cell, tilted plane waves: position-averaged, no higher-order Laue zones. */
const periodic = z.object({
  mode: z.literal('periodic'),
  ...shared,
  /**
   * Potentials and waves up to this scattering vector are kept, 1/angstrom; far beyond the picture,
   * because waves come back from there. `auto` is 3, or 4 along heavy columns.
   */
  bandwidth: z.union([bandwidth, z.literal('auto')]).default('auto'),
});

/** A probe in a window on the specimen, as the field's programs do it. */
const box = z.object({
  mode: z.literal('box'),
  ...shared,
  /** Potentials and waves up to this scattering vector are kept, 1/angstrom. */
  bandwidth: bandwidth.default(2),
  /** Width of the box, angstrom; `auto` for the least that suits probe and pixels. */
  box: z.union([positive.max(1000), z.literal('auto')]).default('auto'),
  /** Just that width (a square cut-out) rather than whole cells where they fit. */
  square: z.boolean().default(false),
  /** Keep higher-order Laue zones, or project them out. */
  holz: z.boolean().default(true),
  /** Probe positions along each side of a projected cell; their patterns are averaged. */
  positions: z.int().min(1).max(32).default(1),
  /** How atoms are put between grid points: `exact`, or `linear` as abTEM does. */
  placement: z.enum(['exact', 'linear']).default('exact'),
  /** Scattering vectors up to this are in the picture, 1/angstrom. */
  field: positive.max(6).default(1.28),
});

/**
 * Settings of a simulation, with their defaults.
 *
 * @example
 * const options = simulationSchema.parse({ size: 64, energies: [100, 200] });
 * @category Crystals and simulation
 */
export const simulationSchema = z.preprocess(
  (value) => ({ mode: 'periodic', ...(value as object) }),
  z.discriminatedUnion('mode', [periodic, box]),
);

/** Resolved settings of a simulation, with their units; the defaults make the default dataset. */
export type SimulationOptions = z.output<typeof simulationSchema>;
export type PeriodicOptions = z.output<typeof periodic>;
export type BoxOptions = z.output<typeof box>;

/** What may be given; `mode` is `periodic` where absent. */
export type SimulationSettings =
  | Partial<z.input<typeof periodic>>
  | ({ mode: 'box' } & Partial<z.input<typeof box>>);

/**
 * How the Summit data were made (NAMSA): a box of 100 angstrom at 512 x 512, slices of one spacing
 * of the zone's reflection, strongest reflections as zones, a frozen-phonon configuration of
 * 0.07 angstrom, position-averaged probes.
 */
export const SUMMIT_SETTINGS = {
  mode: 'box',
  size: 512,
  box: 100,
  square: true,
  bandwidth: 512 / 300,
  field: 2.56,
  zones: 'strongest',
  sliceThickness: 'spacing',
  thicknesses: [100],
  factors: 'namsa',
  thermal: { kind: 'frozen-phonons', displacement: 0.07, configurations: 1 },
  positions: 2,
} as const satisfies SimulationSettings;
