// Builds data/minerals.txt.gz and data/minerals.json.
//
//   npm run build && node data/build-minerals.mjs ENTRIES.jsonl.gz
//
// ENTRIES holds fully ordered entries of the American Mineralogist Crystal Structure Database,
// one JSON object a line: id (database code), hm (symbol), ops (symmetry operations), cell
// (a b c alpha beta gamma), sites (labels), xyz, formula (elements and counts).
// Every entry is expanded, checked for clashing atoms, brought to the standard setting, and kept
// only where the space group that is found equals the one its symbol states.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const built = process.env.CBED_BUILT ?? join(here, '..', 'dist');
const room = (name) => import(pathToFileURL(join(built, 'src', 'crystal', `${name}.js`)).href);
const { asFractions, isCell } = await room('cell');
const { worstClash } = await room('distances');
const { atomicNumber } = await room('elements');
const { mineralCrystal, mineralLine, MINERALS_CITATION, parseMineralLine } = await room('minerals');
const { expandSites } = await room('orbit');
const { centringVectors, SPACE_GROUPS } = await room('spacegroup');
const { settingsOfSymbol } = await room('symbols');
const { spaceGroupOf, standardise } = await room('symmetry');
const { parseTriplet } = await room('triplet');

const MERGE = 0.1; // angstrom: images of one site nearer than this are one atom
const NEAREST = 0.5; // angstrom: atoms nearer than this cannot both be there
const LARGEST = 200; // atoms of the primitive cell

// What labels say beside an element: water, hydroxyl and ammonia whose hydrogen was not located.
const GROUPS = [
  [/^Wat/, 'O'],
  [/^O-?[Hh]/, 'O'],
  [/^NH/, 'N'],
];

/** The element that a site label names, given the elements of the formula. */
function elementOf(label, elements) {
  const group = GROUPS.find(([pattern]) => pattern.test(label));
  if (group) return atomicNumber(group[1]);
  for (const length of [2, 1]) {
    const symbol = label.slice(0, length);
    if (symbol === 'D') return 1; // electrons see deuterium as hydrogen
    if (elements.has(symbol)) return atomicNumber(symbol);
  }
  return null;
}

/** The entry in the standard setting, or the reason why it is left out. */
function standardEntry(entry) {
  const stated = new Set(settingsOfSymbol(entry.hm.replace(/%.*%/, '')).map((s) => s.spaceGroup));
  if (stated.size !== 1) return 'symbol unknown';
  if (!isCell(entry.cell)) return 'cell impossible';
  const names = entry.formula.match(/[A-Z][a-z]?/g);
  const numbers = entry.sites.map((label) => elementOf(label, new Set(names)));
  if (numbers.includes(null)) return 'label names no element of the formula';
  const operations = entry.ops.map(parseTriplet);
  if (operations.includes(null)) return 'operation unreadable';
  const sites = numbers.map((element, i) => ({ element, position: entry.xyz[i] }));
  const atoms = expandSites(sites, operations, asFractions(MERGE, entry.cell));
  if (atoms.length > LARGEST * 4) return 'more than 200 atoms';
  if (worstClash(entry.cell, atoms, atoms.map(() => NEAREST / 2))) return 'atoms clash';
  const standard = standardise({ cell: entry.cell, atoms });
  if (!standard) return 'no symmetry found';
  if (!stated.has(standard.spaceGroup)) return 'other space group found than stated';
  if (standard.atoms.length > LARGEST * centringVectors(standard.spaceGroup).length) {
    return 'more than 200 atoms';
  }
  return checked({ ...standard, code: entry.id });
}

/** The entry, when what the table will give back is the same crystal. */
function checked(entry) {
  const again = mineralCrystal(parseMineralLine(mineralLine(entry)));
  if (again.atoms.length !== entry.atoms.length) return 'rounding changes the crystal';
  if (spaceGroupOf(again) !== entry.spaceGroup) return 'rounding changes the crystal';
  return entry;
}

const source = process.argv[2];
if (!source) throw new Error('give the file of entries: node data/build-minerals.mjs ENTRIES.jsonl.gz');
const bytes = readFileSync(source);
const text = (source.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
const kept = [];
const leftOut = {};
for (const line of text.split('\n').filter(Boolean)) {
  const entry = JSON.parse(line);
  const result = standardEntry(entry);
  if (typeof result !== 'string') kept.push(result);
  else leftOut[result] = (leftOut[result] ?? 0) + 1;
}
kept.sort((a, b) => a.code - b.code);
const crystals = kept.map(mineralCrystal);
const perGroup = SPACE_GROUPS.map(
  (n) => new Set(crystals.filter((c) => c.spaceGroup === n).map((c) => c.material)).size,
);
const summary = {
  citation: MINERALS_CITATION,
  entries: kept.length,
  materials: new Set(crystals.map((c) => c.material)).size,
  spaceGroups: perGroup.filter((count) => count > 0).length,
  spaceGroupsOfTenMaterials: perGroup.filter((count) => count >= 10).length,
  leftOut,
};
const head = `# ${MINERALS_CITATION}\n# code group cell (free parameters) then element x y z of each site\n`;
const table = gzipSync(`${head}${kept.map(mineralLine).join('\n')}\n`, { level: 9 });
writeFileSync(join(here, 'minerals.txt.gz'), table);
writeFileSync(join(here, 'minerals.json'), `${JSON.stringify(summary, null, 2)}\n`);
console.log(summary, `${(table.length / 1000).toFixed(0)} kB`);
