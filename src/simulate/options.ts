import { z } from 'zod';
import type { Vec3 } from '../crystal/crystal.ts';

const positive = z.number().positive();

const direction = z.tuple([z.int(), z.int(), z.int()]) satisfies z.ZodType<Vec3>;

const thermal = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }),
  z.object({
    kind: z.literal('debye-waller'),
    /** Root mean square displacement along one axis, angstrom, for atoms that state none. */
    displacement: positive.max(0.5).default(0.07),
  }),
]);

/** Settings of a simulation, with their units; the defaults make the default dataset. */
export const simulationSchema = z.object({
  /** Pixels a side of the patterns. */
  size: z.int().min(16).max(1024).default(64),
  /** Accelerating voltages, kV. */
  energies: z.array(positive.min(10).max(1000)).min(1).default([100]),
  /** Specimen thicknesses, angstrom, ascending. */
  thicknesses: z.array(positive.max(5000)).min(1).default([100]),
  /** Largest thickness of a slice, angstrom. */
  sliceThickness: positive.max(20).default(2.5),
  /** Waves up to this scattering vector are kept, 1/angstrom. */
  bandwidth: positive.min(0.5).max(6).default(1.38),
  /** `standard` axes of the lattice system, the `strongest` reflections, or three directions. */
  zones: z
    .union([z.enum(['standard', 'strongest']), z.tuple([direction, direction, direction])])
    .default('standard'),
  thermal: thermal.default({ kind: 'debye-waller', displacement: 0.07 }),
  /** Imaginary over real part of the potential (0.1 is usual; 0 for none). */
  absorption: z.number().min(0).max(0.5).default(0),
});

export type SimulationOptions = z.output<typeof simulationSchema>;
export type SimulationSettings = z.input<typeof simulationSchema>;
