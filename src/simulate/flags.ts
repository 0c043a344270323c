import { usageError } from '../common/errors.ts';
import { SUMMIT_SETTINGS } from './options.ts';

/** Settings of a simulation as they are typed on a command line. */
export interface SimulationFlags {
  mode?: string;
  size?: string;
  energies?: string;
  thickness?: string;
  slice?: string;
  bandwidth?: string;
  zones?: string;
  semiangle?: string;
  thermal?: string;
  displacement?: string;
  configurations?: string;
  absorption?: string;
  factors?: string;
  box?: string;
  positions?: string;
  placement?: string;
  holz?: boolean;
  seed?: string;
}

const numberOf = (flag: string, text: string, all = text): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw usageError(`--${flag} ${all}: expected a number`);
  }
  return value;
};

const numbers = (flag: string, text: string): number[] =>
  text.split(',').map((part) => numberOf(flag, part, text));

/** `001,1-10,111` or `0 0 1, 1 -1 0, 1 1 1`: three direct-lattice directions. */
function parseZones(text: string): string | number[][] {
  if (text === 'standard' || text === 'strongest') return text;
  const zones = text.split(',').map((word) => {
    const spaced = word.trim().split(/\s+/);
    const indices = spaced.length === 3 ? spaced : (word.trim().match(/-?\d/g) ?? []);
    const whole = spaced.length === 3 || indices.join('') === word.trim();
    return whole ? indices.map(Number) : [];
  });
  if (zones.length === 3 && zones.every((z) => z.length === 3 && z.every(Number.isInteger))) {
    return zones;
  }
  throw usageError(
    `--zones ${text}: expected standard, strongest or three directions`,
    'such as 001,110,1-11',
  );
}

function thermalOf(flags: SimulationFlags, kind: string | undefined): object | undefined {
  const { displacement, configurations } = flags;
  if (kind === undefined && displacement === undefined && configurations === undefined) {
    return undefined;
  }
  return {
    kind: kind ?? 'debye-waller',
    ...(displacement !== undefined && { displacement: numberOf('displacement', displacement) }),
    ...(configurations !== undefined && {
      configurations: numberOf('configurations', configurations),
    }),
  };
}

const MODES = ['periodic', 'box', 'summit'];

/** Flags of the box mode that the periodic mode has no use for. */
const BOX_FLAGS = ['box', 'positions', 'placement'] as const;

/** What was typed, as values for `simulationSchema`; absent flags stay undefined. */
export function settingsOf(flags: SimulationFlags): Record<string, unknown> {
  const { mode = 'periodic' } = flags;
  if (!MODES.includes(mode)) throw usageError(`--mode ${mode}: expected ${MODES.join(', ')}`);
  const summit = mode === 'summit';
  const stray = BOX_FLAGS.find((name) => flags[name] !== undefined);
  if (mode === 'periodic' && (stray || flags.holz === false)) {
    throw usageError(`--${stray ?? 'no-holz'} belongs to the box mode`, 'add --mode box');
  }
  const one = (name: 'size' | 'absorption' | 'positions' | 'seed') =>
    flags[name] === undefined ? undefined : numberOf(name, flags[name]);
  const orWord = (name: 'semiangle' | 'box' | 'slice' | 'bandwidth', word: string) =>
    flags[name] === undefined || flags[name] === word ? flags[name] : numberOf(name, flags[name]);
  const given = {
    mode: summit ? 'box' : flags.mode,
    size: one('size'),
    energies: flags.energies && numbers('energies', flags.energies),
    thicknesses: flags.thickness && numbers('thickness', flags.thickness),
    sliceThickness: orWord('slice', 'spacing'),
    bandwidth: orWord('bandwidth', 'auto'),
    zones: flags.zones && parseZones(flags.zones),
    semiangle: orWord('semiangle', 'rule'),
    thermal: thermalOf(flags, flags.thermal ?? (summit ? 'frozen-phonons' : undefined)),
    absorption: one('absorption'),
    factors: flags.factors,
    box: orWord('box', 'auto'),
    positions: one('positions'),
    placement: flags.placement,
    holz: flags.holz === false ? false : undefined,
    seed: one('seed'),
  };
  const typed = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined));
  return { ...(summit && SUMMIT_SETTINGS), ...typed };
}
