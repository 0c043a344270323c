import type { Vec3 } from './crystal.ts';
import type { Operation } from './operation.ts';

const VARIABLES = ['x', 'y', 'z'];

/** `1/2`, `0.25` or `2` as a number; null where it is none. */
function parseNumber(text: string): number | null {
  const match = /^(\d+\.?\d*|\.\d+)(?:\/(\d+))?$/.exec(text);
  if (!match) return null;
  return Number(match[1]) / Number(match[2] ?? 1);
}

/** One coordinate expression, such as `-x+1/2`, `2x` or `1/4`: coefficients of x, y, z and 1. */
function parseExpression(text: string): [number, number, number, number] | null {
  const terms = text.match(/[+-]?[^+-]+/g);
  if (!terms || terms.join('') !== text) return null;
  const out: [number, number, number, number] = [0, 0, 0, 0];
  for (const term of terms) {
    const sign = term.startsWith('-') ? -1 : 1;
    const body = term.replace(/^[+-]/, '');
    const variable = VARIABLES.indexOf(body.at(-1)!);
    const factor = variable < 0 ? body : body.slice(0, -1).replace(/\*$/, '');
    const value = variable >= 0 && factor === '' ? 1 : parseNumber(factor);
    if (value === null) return null;
    const slot = (variable < 0 ? 3 : variable) as 0 | 1 | 2 | 3;
    out[slot] += sign * value;
  }
  return out;
}

/**
 * A coordinate triplet such as `-x,y+1/2,-z+1/2` or `x,2x,1/4` as a linear map and a
 * translation; null where the text is no triplet.
 */
export function parseTriplet(text: string): Operation | null {
  const parts = text
    .toLowerCase()
    .replace(/[\s'"]/g, '')
    .split(',');
  if (parts.length !== 3) return null;
  const rows = parts.map(parseExpression);
  if (rows.some((row) => row === null)) return null;
  const known = rows as [number, number, number, number][];
  return {
    rotation: known.flatMap((row) => row.slice(0, 3)),
    translation: known.map((row) => row[3]) as unknown as Vec3,
  };
}
