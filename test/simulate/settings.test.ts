import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/common/config.ts';
import { type SimulationFlags, settingsOf } from '../../src/simulate/flags.ts';
import { type SimulationSettings, simulationSchema } from '../../src/simulate/options.ts';
import { simulateTriplets } from '../../src/simulate/triplets.ts';
import { SILICON } from '../support/crystals.ts';

const resolved = (flags: SimulationFlags) => resolveConfig(simulationSchema, settingsOf(flags));

describe('flags of a simulation', () => {
  it('resolve to the default dataset when none is given', () => {
    expect(resolved({})).toMatchObject({
      mode: 'periodic',
      size: 64,
      energies: [100],
      thicknesses: [100],
      sliceThickness: 2.5,
      zones: 'standard',
      thermal: { kind: 'debye-waller', displacement: 0.07 },
    });
  });

  it('reproduce the settings of the Summit data, each of which may be changed', () => {
    const summit = resolved({ mode: 'summit', positions: '1', thickness: '50' });
    expect(summit).toMatchObject({ mode: 'box', size: 512, box: 100, zones: 'strongest' });
    expect(summit).toMatchObject({ positions: 1, thicknesses: [50], sliceThickness: 'spacing' });
    expect(summit.thermal.kind).toBe('frozen-phonons');
  });

  it('read directions, with signs or spaces', () => {
    const zones = [
      [0, 0, 1],
      [1, -1, 0],
      [1, 1, -2],
    ];
    expect(resolved({ zones: '001,1-10,11-2' }).zones).toEqual(zones);
    expect(resolved({ zones: '0 0 1, 1 -1 0, 1 1 -2' }).zones).toEqual(zones);
  });

  it.each<[SimulationFlags, RegExp]>([
    [{ zones: '000,110,111' }, /zone axis 000 has no direction/],
    [{ zones: '00,110,111' }, /--zones 00,110,111: expected/],
    [{ mode: 'boxed' }, /--mode boxed: expected periodic, box, summit/],
    [{ energies: '100,x' }, /--energies 100,x: expected a number/],
    [{ energies: '-5' }, /energies\.0 = -5/],
    [{ positions: '3' }, /--positions belongs to the box mode/],
    [{ thermal: 'warm' }, /thermal/],
    [{ size: '8' }, /size = 8/],
  ])('refuse %j in one line', (flags, message) => {
    expect(() => resolved(flags)).toThrow(message);
  });
});

describe('settings that a crystal does not allow', () => {
  const reasonFor = async (settings: SimulationSettings): Promise<string> => {
    for await (const outcome of simulateTriplets([SILICON], simulationSchema.parse(settings))) {
      return 'failed' in outcome ? outcome.failed.reason : 'simulated';
    }
    return 'nothing';
  };

  it('are told with what to do', async () => {
    expect(await reasonFor({ semiangle: 20 })).toMatch(
      /^semiangle 20\.00 mrad makes the discs of zone \[0 0 1\] overlap at 100 kV \(use at most 6\.8\d mrad, or --mode box\)$/,
    );
    expect(await reasonFor({ mode: 'box', box: 12 })).toMatch(
      /^a box of 12 angstrom is too small for a probe .* \(use --box \d+ or more\)$/,
    );
    await expect(reasonFor({ thermal: { kind: 'frozen-phonons' } })).rejects.toThrow(/--mode box/);
    await expect(reasonFor({ thicknesses: [100, 50] })).rejects.toThrow(/ascending/);
  });
});
