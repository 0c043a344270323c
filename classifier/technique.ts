import { usageError } from '../src/common/errors.ts';
import { didYouMean } from '../src/common/suggest.ts';
import type { Recipe } from './recipe.ts';

/** What part of a training run a technique is; of the roles marked exclusive a run has one. */
export const ROLES = {
  sampler: { exclusive: true },
  transform: { exclusive: false },
  loss: { exclusive: true },
  mixing: { exclusive: true },
  head: { exclusive: true },
  ensemble: { exclusive: true },
} as const;
export type Role = keyof typeof ROLES;

export type Settings = Record<string, number | string>;

/** A technique against imbalance: a change of the training recipe. */
export interface Technique<S extends Settings = Settings> {
  name: string;
  /** Roles it fills; the first is what it is. */
  roles: readonly [Role, ...Role[]];
  /** One line. */
  summary: string;
  /** Where it comes from. */
  source: string;
  defaults: S;
  apply(recipe: Recipe, settings: S): Recipe;
}

/** A technique chosen, with its settings resolved. */
export interface Chosen {
  technique: Technique;
  settings: Settings;
}

/** Fixes the type of a technique's settings and hides it again, for the table. */
export const technique = <S extends Settings>(made: Technique<S>): Technique =>
  made as unknown as Technique;

function settingValue(given: string, name: string, key: string, fallback: number | string) {
  if (typeof fallback === 'string') return given;
  const value = Number(given);
  if (given === '' || !Number.isFinite(value)) {
    throw usageError(`${name}:${key}=${given} is not a number`, `default ${fallback}`);
  }
  return value;
}

/** Parses `name`, or `name:key=value:key=value`. */
export function parseTechnique(word: string, table: readonly Technique[]): Chosen {
  const [name = '', ...rest] = word.trim().split(':');
  const found = table.find((entry) => entry.name === name);
  if (!found) {
    const names = table.map((entry) => entry.name);
    throw usageError(`technique "${name}" does not exist`, didYouMean(name, names));
  }
  const settings: Settings = { ...found.defaults };
  for (const pair of rest) {
    const [key = '', value = ''] = pair.split('=');
    const fallback = found.defaults[key];
    if (fallback === undefined) {
      const keys = Object.keys(found.defaults);
      const mend = keys.length > 0 ? didYouMean(key, keys) : 'it has no settings';
      throw usageError(`technique ${name} has no setting "${key}"`, mend);
    }
    settings[key] = settingValue(value, name, key, fallback);
  }
  return { technique: found, settings };
}

const EXCLUSIVE = (Object.keys(ROLES) as Role[]).filter((role) => ROLES[role].exclusive);

const sharedRole = (a: Technique, b: Technique): Role | undefined =>
  EXCLUSIVE.find((role) => a.roles.includes(role) && b.roles.includes(role));

/** Refuses two techniques that fill one exclusive role, and one technique twice. */
export function checkTogether(chosen: readonly Chosen[]): void {
  chosen.forEach(({ technique: second }, i) => {
    for (const { technique: first } of chosen.slice(0, i)) {
      if (first.name === second.name) throw usageError(`technique ${first.name} is given twice`);
      const role = sharedRole(first, second);
      if (role) {
        throw usageError(
          `techniques ${first.name} and ${second.name} do not go together`,
          `both set the ${role}; choose one`,
        );
      }
    }
  });
}
