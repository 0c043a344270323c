import { atomicNumber } from '../elements.ts';

/** What the name of a site can mean. */
export interface SiteMeaning {
  /** Atomic numbers that the name can stand for; empty where it names none. */
  elements: readonly number[];
  /** Why it names none: `is a vacancy`. */
  fault?: string;
}

const [HYDROGEN, OXYGEN, TUNGSTEN, VANADIUM] = [1, 8, 74, 23];
const UNKNOWN: SiteMeaning = { elements: [], fault: 'names no element' };
const MIXED: SiteMeaning = {
  elements: [],
  fault: 'is shared by several elements, or partly empty',
};
const VACANCY: SiteMeaning = { elements: [], fault: 'is a vacancy' };
const GROUP: SiteMeaning = { elements: [], fault: 'is a group of atoms' };

/** Digits, signs and brackets of a label; the letters after them name the site: `O1W`, `Fe_a`. */
const MARKS = `[\\d'"*+\\-()\\[\\]{}_.#@^~\\s]`;
const AFTER_MARKS = new RegExp(`^(?:${MARKS}+[A-Za-z]{0,3}){0,4}${MARKS}*$`);
/** A site named at once after the element: `SiT1o`, `OBm2`, `MgM`; or by a small letter: `Om1`. */
const AFTER_ELEMENT = new RegExp(`^[A-Z][a-z]?(?:${MARKS}+[A-Za-z]{0,2})*$`);
const SMALL = new RegExp(`^[a-z][A-Z]?(?:${MARKS}+[A-Za-z]{0,2})*$`);

/**
 * Names that are words instead of element symbols, whatever letters they begin with. Hydrogen of
 * water and hydroxyl is rarely located, so the molecule stands for its oxygen.
 */
const WORDS: readonly (readonly [RegExp, SiteMeaning])[] = [
  [/^(vac|vc|void|empty)|^(□|\[\s*\])$/i, VACANCY],
  [/^va(?![a-z])/i, VACANCY],
  // Points that programs add: centroids, dummy and ghost atoms, lone pairs.
  [/^(cg|cnt|centroid|du|dum|dummy|bq)(?![a-z])/i, UNKNOWN],
  // Cation, tetrahedral, alkali and rare-earth sites.
  [/^(cat|tet|alk|ree)(?![a-z])/i, UNKNOWN],
  [
    /^(o[-_(]?)?wat|^(wtr|o?aq|o?hyd|oh2|h-?o-?h|oxonium|hydroxyl)(?![a-z])/i,
    { elements: [OXYGEN] },
  ],
  [/^hw/i, { elements: [HYDROGEN] }],
  [/^o[-(]?[hw](?![a-z]{2}|f)/i, { elements: [OXYGEN] }],
  // The water molecule, or the second hydrogen of an atom O.
  [/^[hd][23]o/i, { elements: [OXYGEN, HYDROGEN] }],
  [/^d(?![a-z])/i, { elements: [HYDROGEN] }],
];

const numberOf = (letters: string): number | null =>
  atomicNumber(letters.slice(0, 1).toUpperCase() + letters.slice(1).toLowerCase());

const symbolsIn = (text: string): number[] =>
  (text.match(/[A-Z][a-z]?/g) ?? []).flatMap((symbol) => atomicNumber(symbol) ?? []);

/** Whether a name joins elements by a sign or by shares: `Fe,Mg`, `Nb + Zr`, `Fe0.5Mg0.5`, `Fe.5`. */
function isJoined(name: string): boolean {
  if (/^[A-Z][a-z]?\(?0?\.\d+\)?$/.test(name)) return true;
  const parts = name.split(/[,;:/|&+]|(?<=[a-z\d)])\s+(?=[A-Z][a-z]?[\d.]*$)|-(?=[A-Z])/);
  if (parts.filter((part) => symbolsIn(part.trim().slice(0, 3)).length > 0).length > 1) return true;
  const after = /^\W*[A-Z][a-z]?\(?0?\.\d+\)?\W*([A-Z][a-z]?)/.exec(name)?.[1];
  return after !== undefined && symbolsIn(after).length > 0;
}

/** Letters that no one names sites by: after an element they are another element, as in `OF`. */
const NO_SITE = new Set(['F', 'I', 'K', 'N', 'P', 'S', 'U', 'V']);

/**
 * Whether a second element follows the first: `SiAl1`, `KNa`. Where the composition is known only
 * its elements count, so that `OCo` is an oxygen of a mineral without cobalt.
 */
function isDouble(name: string, known: ReadonlySet<number> | null): boolean {
  const rest = /^[A-Z][a-z]?(.*)$/s.exec(name)?.[1] ?? '';
  const others = (rest.match(/[A-Z][a-z](?![a-z])/g) ?? []).flatMap((s) => atomicNumber(s) ?? []);
  if (others.some((element) => !known || known.has(element))) return true;
  return (
    !known && /^[A-Z][a-z]?[A-Z]$/.test(name.replace(/[^A-Za-z].*$/, '')) && NO_SITE.has(rest[0]!)
  );
}

/**
 * Whether a name is that of a group of atoms at one point: `SO4`, `SCN`, `C2H4`. `CO3` may be cobalt
 * in capitals as well, which is asked elsewhere.
 */
const isGroupOfAtoms = (name: string): boolean =>
  /^(?!H|[CNP]O)[A-Z][a-z]?O[346]$|^[SU]O2$|^(SCN|NCS|OCN|NCO)$|^C[2-9]\d?H[2-9]\d?$/.test(name);

/** Whether a metal of another element follows a metal: `Na1K1`, `Mo_W`, `MoW`; its water stands at O only. */
const isAlloyed = (name: string): boolean => {
  const [, first, marks, second] =
    new RegExp(`^([A-Z][a-z])(${MARKS}*)([KVYUW])\\d*\\W*$`).exec(name) ?? [];
  if (first === undefined || symbolsIn(first).length === 0) return false;
  return second === 'W' || /\d/.test(marks!);
};

/** The elements whose symbol a label begins with, where the rest of it is no other word. */
function symbolReadings(name: string, known: ReadonlySet<number> | null): number[] {
  const letters = /^[A-Za-z]+/.exec(name)?.[0] ?? '';
  const [one, two] = [numberOf(letters.slice(0, 1)), numberOf(letters.slice(0, 2))];
  const isSuffix = (rest: string): boolean =>
    AFTER_MARKS.test(rest) || AFTER_ELEMENT.test(rest) || SMALL.test(rest);
  const readings: number[] = [];
  if (letters.length > 1 && two !== null && isSuffix(name.slice(2))) readings.push(two);
  // `Ca1` is calcium and no carbon of a site a, unless the crystal has no calcium.
  const written = readings.length > 0 && /^[A-Z][a-z]/.test(name);
  if (one !== null && isSuffix(name.slice(1)) && !(written && (!known || known.has(two!)))) {
    readings.push(one);
  }
  return readings;
}

/** A label of tungsten, or of a water: `W`, `W1`, `Wa(2)`, `W2A`. */
const WATER = new RegExp(`^w[a-z]?(?:${MARKS}+[A-Za-z]{0,2})*$`, 'i');

/** Whether a label can mean tungsten as well as water. */
export const maybeWater = (label: string): boolean => WATER.test(label.trim());

/**
 * What a site label can mean. A label is read as an element only where the rest of it is digits,
 * signs or the short name of a site. Several elements are left where it can mean either (`CO1`:
 * cobalt, or carbon of a site O); `known`, the elements of the formula, narrows them down.
 */
export function readLabel(label: string, known: ReadonlySet<number> | null): SiteMeaning {
  const name = label.trim().replace(/^["'([]+(?=[A-Za-z])/, '');
  const word = WORDS.find(([pattern]) => pattern.test(name))?.[1];
  if (word === UNKNOWN) return UNKNOWN;
  if (word === VACANCY && !(known?.has(VANADIUM) && /^va(?![a-z])/i.test(name))) return VACANCY;
  const water = word !== undefined && word !== VACANCY;
  if (isJoined(water ? name.replace(/^o-h/i, 'OH') : name)) return MIXED;
  if (water) return { elements: word.elements };
  if (isDouble(name, known) || (!known && isAlloyed(name))) return MIXED;
  if (!known && isGroupOfAtoms(name)) return GROUP;
  const all = symbolReadings(name, known);
  // Rare earths or rhenium, transition metals or thulium.
  if (!known && /^(RE|TM)(?![A-Za-z])/.test(name)) return UNKNOWN;
  // Waters are called W1, W2 or Wa, Wb too: tungsten only where the composition has it.
  if (WATER.test(name) && !known?.has(TUNGSTEN)) {
    if (known) return { elements: [OXYGEN] };
    if (/^w[a-z]/i.test(name)) return { elements: [TUNGSTEN, OXYGEN] };
  }
  const elements = known ? all.filter((element) => known.has(element)) : all;
  if (elements.length > 0) return { elements };
  return all.length > 0 ? { elements: [], fault: 'names no element of the formula' } : UNKNOWN;
}

/** What follows the element in a type symbol: `3+`, `+3`, `(III)`, `val` of a form factor. */
const CHARGE = /^\(?(\d*(\.\d+)?[+-]+|[+-]\d*(\.\d+)?|\d*|[IVX]+|val?|iso)\)?$/;

/** What a type symbol (`Fe3+`, `CL`, `O2-`, `Sival`, `OH`) means; else it is read as a label. */
export function readTypeSymbol(text: string, known: ReadonlySet<number> | null): SiteMeaning {
  const name = text.trim();
  for (const length of [2, 1]) {
    const symbol = name.slice(0, length);
    const element = /^[A-Za-z]+$/.test(symbol) ? numberOf(symbol) : null;
    if (element !== null && symbol.length === length && CHARGE.test(name.slice(length))) {
      return { elements: [element] };
    }
  }
  return readLabel(name, known);
}
