import { inputError } from '../../common/errors.ts';
import { tally } from '../../common/group.ts';
import { atomicMass, atomicNumber, elementSymbol } from '../elements.ts';
import type { CifSite } from './sites.ts';
import { type CifBlock, cifNumber, oneValue } from './text.ts';

/** Number of atoms by atomic number. */
export type ElementCounts = ReadonlyMap<number, number>;

/** What a CIF block says of its composition. */
export interface StatedComposition {
  /** The formula as the file writes it, and its atoms; null where none can be read. */
  formula: { text: string; counts: ElementCounts } | null;
  /** Formula units of the cell. */
  units: number | null;
  /** Grams a cubic centimetre, as computed by the author from cell and formula. */
  density: number | null;
}

const HYDROGEN = 1;

/** Formula tags, the most explicit first; the first that can be read counts. */
const FORMULA_TAGS = [
  '_chemical_formula_sum',
  '_chemical_formula_moiety',
  '_chemical_formula_structural',
  '_chemical_formula_iupac',
];

/** One part of a formula: an element or bracket with its number, a sign, or what is no formula. */
const PART = /([A-Z][a-z]?)(\d*\.?\d*)|([([{])|([)\]}])(\d*\.?\d*)|\s+|\d*[+-]+|(.)/gsy;

/** Atoms of a piece without commas, such as `Ca (S O4) (H2 O)2`; null where it is no formula. */
function countPiece(text: string): Map<number, number> | null {
  const open: Map<number, number>[] = [new Map()];
  const add = (to: Map<number, number>, element: number, count: number) =>
    to.set(element, (to.get(element) ?? 0) + count);
  for (const part of text.matchAll(PART)) {
    const [, symbol, count, opening, closing, times, other] = part;
    if (other !== undefined) return null;
    if (symbol !== undefined) {
      const element = symbol === 'D' ? HYDROGEN : atomicNumber(symbol);
      if (element === null) return null;
      add(open.at(-1)!, element, count === '' ? 1 : Number(count));
    } else if (opening !== undefined) open.push(new Map());
    else if (closing !== undefined) {
      const inner = open.pop();
      if (open.length === 0) return null;
      for (const [element, n] of inner!) add(open[0]!, element, n * (times ? Number(times) : 1));
    }
  }
  return open.length === 1 ? open[0]! : null;
}

/** `CL1 NA1`, as old programs write it: single elements in capitals, apart from each other. */
const properCase = (text: string): string =>
  text.replace(
    /\b([A-Z])([A-Z])(?=[\d.]*(\s|$))/g,
    (_, a: string, b: string) => a + b.toLowerCase(),
  );

/**
 * The atoms of a formula such as `Ca O6 S H4`, `C12 H10 N2 O4, 2(H2 O)` or `Ca (S O4) (H2 O)2`;
 * charges do not count, deuterium counts as hydrogen. Null where the text is no plain formula.
 */
export function parseFormula(text: string): ElementCounts | null {
  const all = new Map<number, number>();
  for (const piece of text.replace(/['"]/g, '').split(/[,;·]/)) {
    const [, times, rest] = /^\s*(\d*\.?\d*)\s*(.*?)\s*$/s.exec(piece)!;
    const plain = rest!.replace(/\s\d*[+-](?=\s|$)/g, ' ').replace(/\)n(?=\s|$)/g, ')');
    const counts = countPiece(plain) ?? countPiece(properCase(plain));
    if (!counts) return null;
    for (const [element, n] of counts)
      all.set(element, (all.get(element) ?? 0) + n * (times ? Number(times) : 1));
  }
  const valid = [...all.values()].every((n) => Number.isFinite(n));
  const present = new Map([...all].filter(([, n]) => n > 0));
  return valid && present.size > 0 ? present : null;
}

const positive = (text: string | null): number | null => {
  const value = text === null ? null : cifNumber(text);
  return value !== null && value > 0 ? value : null;
};

/** The composition that a block states, as far as it does. */
export function statedComposition(block: CifBlock, file: string): StatedComposition {
  let formula: StatedComposition['formula'] = null;
  for (const tag of FORMULA_TAGS) {
    const text = oneValue(block, tag, file);
    const counts = text === null ? null : parseFormula(text);
    if (text !== null && counts) {
      formula = { text: text.replace(/\s+/g, ' '), counts };
      break;
    }
  }
  return {
    formula,
    units: positive(oneValue(block, '_cell_formula_units_z', file)),
    density: positive(oneValue(block, '_exptl_crystal_density_diffrn', file)),
  };
}

const withoutHydrogen = (counts: ElementCounts): [number, number][] =>
  [...counts].filter(([element]) => element !== HYDROGEN);

const total = (counts: readonly [number, number][]): number =>
  counts.reduce((sum, [, n]) => sum + n, 0);

/** Formulas in decimals are rounded: a count may be off by this share and by this number. */
const ROUNDING = 0.01;

/**
 * Formula units that atoms make up, hydrogen left out; null where they are in other proportions.
 * Whole numbers must agree exactly.
 */
function formulaUnits(counts: ElementCounts, formula: ElementCounts): number | null {
  const [found, said] = [withoutHydrogen(counts), withoutHydrogen(formula)];
  if (found.length === 0 && said.length === 0) return null;
  const units = total(found) / total(said);
  const whole = said.every(([, n]) => Number.isInteger(n));
  const slack = (n: number): number => (whole ? 1e-6 : ROUNDING * n + ROUNDING);
  const agrees = (element: number): boolean => {
    const n = formula.get(element) ?? 0;
    return Math.abs((counts.get(element) ?? 0) / units - n) <= slack(n);
  };
  return [...said, ...found].every(([element]) => agrees(element)) ? units : null;
}

/** Element counts as text: `Na4 Cl4`. */
const countsText = (counts: ElementCounts): string =>
  [...counts].map(([element, n]) => `${elementSymbol(element)}${n}`).join(' ');

interface CellContents {
  /** Atomic number of each atom of the file's cell. */
  elements: readonly number[];
  /** Cubic angstrom. */
  volume: number;
  /** Cells of the file that make up a conventional cell: 1, or 2 to 4 where it is primitive. */
  share: number;
}

const DALTON_PER_CUBIC_ANGSTROM = 1.66053907; // in grams a cubic centimetre
/** Computed densities: hydrogen may be missing on either side, cells of two temperatures be mixed. */
const DENSITIES = [0.88, 1.25] as const;

function densityFault(
  { elements, volume }: CellContents,
  made: number | null,
  { formula, density }: StatedComposition,
): string | null {
  if (density === null) return null;
  const listed = formula && made ? [...formula.counts].map(([e, n]) => [e, n * made] as const) : [];
  const atoms = made ? listed : [...tally(elements)];
  const mass = atoms.reduce((sum, [element, n]) => sum + n * atomicMass(element), 0);
  const computed = (mass / volume) * DALTON_PER_CUBIC_ANGSTROM;
  const ratio = density / computed;
  if (ratio >= DENSITIES[0] && ratio <= DENSITIES[1]) return null;
  return `its atoms weigh ${computed.toFixed(2)} g/cm3, but its density is given as ${density}`;
}

/**
 * Why the atoms of a cell are not what the file says it consists of, beyond hydrogen; null where
 * nothing contradicts. A primitive cell may go with the number of units of the conventional one.
 */
function contradiction(contents: CellContents, stated: StatedComposition): string | null {
  const counts = tally(contents.elements);
  const text = countsText(counts);
  const { formula, units } = stated;
  const heavy = withoutHydrogen(counts);
  if (heavy.length === 0) return null;
  const made = formula ? formulaUnits(counts, formula.counts) : null;
  if (formula && made === null) {
    return `its atoms make up ${text}, but its formula is "${formula.text}"`;
  }
  // Some programs give the contents of the whole cell as the formula, and the units beside it.
  const whole =
    formula && units ? [...formula.counts.values()].every((n) => n % units === 0) : false;
  const fits = (expected: number): boolean =>
    made === null
      ? heavy.every(([, n]) => Number.isInteger(n / expected))
      : Math.abs(made / expected - 1) < 0.02 || (whole && Math.abs(made - 1) < 1e-6);
  if (units !== null && !fits(units) && !(contents.share > 1 && fits(units / contents.share))) {
    const unit = formula ? ` of "${formula.text}"` : '';
    return `its atoms make up ${text}, but it has ${units} formula units${unit} a cell`;
  }
  return densityFault(contents, made, stated);
}

/** Combinations of readings that are tried at most. */
const MOST_CHOICES = 4096;

interface ChoiceRequest {
  sites: readonly CifSite[];
  /** Atoms of the cell that each site stands for. */
  multiplicities: readonly number[];
  volume: number;
  share: number;
  stated: StatedComposition;
  file: string;
}

/** Sites whose names begin alike and can mean the same are the same element. */
const kindOf = ({ name, elements }: CifSite): string =>
  `${/^[A-Za-z]*/.exec(name)![0].toUpperCase()} ${elements}`;

/** Every way to choose one reading for each kind of site. */
function* choices(
  kinds: readonly (readonly [string, readonly number[]])[],
): Generator<Map<string, number>> {
  const [first, ...rest] = kinds;
  if (!first) {
    yield new Map();
    return;
  }
  for (const element of first[1]) {
    for (const others of choices(rest)) yield others.set(first[0], element);
  }
}

/**
 * The element of each site. Where names can mean several elements the composition decides: the
 * one choice that agrees with it is taken. Refuses names that stay open, and atoms that contradict
 * the composition.
 */
export function chosenElements(request: ChoiceRequest): number[] {
  const { sites, multiplicities, stated, file, volume, share } = request;
  const kinds = [...new Map(sites.map((site) => [kindOf(site), site.elements]))];
  const open = sites.find(({ elements }) => elements.length > 1);
  const meanings = open?.elements.map(elementSymbol).join(' or ');
  const undecided = `${file}: site ${open?.name} may be ${meanings}`;
  const mend = 'add _atom_site_type_symbol';
  if (open && (!stated.formula || kinds.reduce((n, [, e]) => n * e.length, 1) > MOST_CHOICES)) {
    throw inputError(undecided, mend);
  }
  let fault: string | null = null;
  const fitting: number[][] = [];
  for (const choice of choices(kinds)) {
    const chosen = sites.map((site) => choice.get(kindOf(site))!);
    const elements = chosen.flatMap((element, i) => new Array(multiplicities[i]!).fill(element));
    const reason = contradiction({ elements, volume, share }, stated);
    if (reason === null) fitting.push(chosen);
    else fault ??= reason;
  }
  if (fitting.length === 1) return fitting[0]!;
  if (fitting.length > 1) throw inputError(undecided, mend);
  throw inputError(`${file}: ${fault}`, 'check labels, symmetry, coordinates and occupancies');
}
