import type { Crystal, Vec3 } from '../crystal.ts';
import { elementSymbol } from '../elements.ts';
import { formulaUnit, reducedFormula } from '../formula.ts';
import type { Operation } from '../operation.ts';
import { applyOperation, nearestImage } from '../orbit.ts';
import { hermannMauguin, operations } from '../spacegroup.ts';

const AXES = ['x', 'y', 'z'];

/** A translation as a fraction: tabulated ones are multiples of 1/24. */
function fraction(value: number): string {
  const parts = Math.round(value * 24);
  const common = [24, 12, 8, 6, 4, 3, 2, 1].find((d) => parts % d === 0 && 24 % d === 0)!;
  return `${parts / common}/${24 / common}`;
}

/** An operation as a coordinate triplet, such as `-y,x-y,z+1/3`. */
function operationText({ rotation, translation }: Operation): string {
  return [0, 1, 2]
    .map((row) => {
      const terms = AXES.flatMap((axis, column) => {
        const factor = rotation[3 * row + column]!;
        if (factor === 0) return [];
        const size = Math.abs(factor) === 1 ? '' : String(Math.abs(factor));
        return `${factor < 0 ? '-' : '+'}${size}${axis}`;
      });
      const shift = translation[row as 0 | 1 | 2];
      if (Math.abs(shift) > 1e-9) terms.push(`+${fraction(shift)}`);
      return terms.join('').replace(/^\+/, '') || '0';
    })
    .join(',');
}

/** A value of a CIF file: quoted or in a text field where it must be. */
function cifValue(value: string | number): string {
  const text = String(value);
  if (text === '') return '.';
  if (text.includes('\n')) return `\n;${text.replaceAll(/\n;/g, '\n ;')}\n;`;
  if (/^[\w.+-][^\s'"]*$/.test(text) && !/^(data_|loop_|save_|global_|stop_)/i.test(text))
    return text;
  return text.includes("'") ? `"${text.replaceAll('"', "'")}"` : `'${text}'`;
}

/** One atom of each orbit of a crystal in the standard setting, with the atoms of the orbit. */
function asymmetricUnit(
  crystal: Crystal,
): { element: number; position: Vec3; multiplicity: number; uIso?: number }[] {
  const all = operations(crystal.spaceGroup);
  const left = [...crystal.atoms];
  const out = [];
  while (left.length > 0) {
    const { element, position, uIso } = left[0]!;
    let multiplicity = 0;
    for (const operation of all) {
      const image = applyOperation(operation, position);
      const at = left.findIndex(
        (other) =>
          other.element === element &&
          nearestImage(other.position, image).every((d) => Math.abs(d) < 2e-3),
      );
      if (at < 0) continue;
      left.splice(at, 1);
      multiplicity++;
    }
    out.push({ element, position, multiplicity: Math.max(1, multiplicity), uIso });
    if (multiplicity === 0) left.shift();
  }
  return out;
}

/** Further data blocks of a file: a name, and values by tag (without the leading underscore). */
export interface CifExtra {
  name: string;
  values: Readonly<Record<string, string | number>>;
}

const blockName = (text: string): string =>
  text.replaceAll(/[^\w.-]+/g, '_').slice(0, 70) || 'crystal';

/**
 * A crystal as a CIF file: cell, space group with all its operations, one atom of each orbit.
 * Extra blocks carry whatever else is to be said; readers of structures pass over them.
 *
 * @example
 * writeFileSync('crystal.cif', cifText(crystal));
 * @category Crystals and simulation
 */
export function cifText(crystal: Crystal, extra: readonly CifExtra[] = []): string {
  const { spaceGroup, cell } = crystal;
  const { formula, units } = formulaUnit(crystal.atoms);
  const names = ['length_a', 'length_b', 'length_c', 'angle_alpha', 'angle_beta', 'angle_gamma'];
  const counts = new Map<string, number>();
  const sites = asymmetricUnit(crystal).map(({ element, position, multiplicity, uIso }) => {
    const symbol = elementSymbol(element);
    counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
    const numbers = position.map((x) => x.toFixed(8)).join(' ');
    const u = uIso === undefined ? '?' : uIso.toFixed(5);
    return `${symbol}${counts.get(symbol)} ${symbol} ${multiplicity} ${numbers} 1 ${u}`;
  });
  const lines = [
    `data_${blockName(crystal.id)}`,
    `_chemical_formula_sum ${cifValue(formula)}`,
    `_chemical_formula_structural ${cifValue(reducedFormula(crystal.atoms))}`,
    `_cell_formula_units_Z ${units}`,
    ...names.map((name, i) => `_cell_${name} ${cell[i]!.toFixed(i < 3 ? 6 : 5)}`),
    `_space_group_IT_number ${spaceGroup}`,
    `_space_group_name_H-M_alt ${cifValue(hermannMauguin(spaceGroup))}`,
    'loop_',
    '_space_group_symop_operation_xyz',
    ...operations(spaceGroup).map((operation) => `'${operationText(operation)}'`),
    'loop_',
    '_atom_site_label',
    '_atom_site_type_symbol',
    '_atom_site_symmetry_multiplicity',
    '_atom_site_fract_x',
    '_atom_site_fract_y',
    '_atom_site_fract_z',
    '_atom_site_occupancy',
    '_atom_site_U_iso_or_equiv',
    ...sites,
  ];
  const blocks = extra.map(({ name, values }) =>
    [
      `data_${blockName(name)}`,
      ...Object.entries(values).map(([tag, value]) => `_${tag} ${cifValue(value)}`),
    ].join('\n'),
  );
  return `${[lines.join('\n'), ...blocks].join('\n\n')}\n`;
}
