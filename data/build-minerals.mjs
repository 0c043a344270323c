// Builds data/minerals.txt.gz, data/minerals.json (what was kept and left out, and why) and
// data/elements.json (how common each element is and how much room it takes).
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
const { asFractions, cellVolume, isCell } = await room('cell');
const { worstClash } = await room('distances');
const { atomicNumber, elementSymbol } = await room('elements');
const { mineralCrystal, mineralLine, MINERALS_CITATION, parseMineralLine } = await room('minerals');
const { expandSites } = await room('orbit');
const { centringVectors, SPACE_GROUPS } = await room('spacegroup');
const { settingsOfSymbol } = await room('symbols');
const { findSymmetry, standardise } = await room('symmetry');
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
  const found = findSymmetry(again);
  const same =
    found?.spaceGroup === entry.spaceGroup &&
    found.atomCount === entry.atoms.length &&
    again.atoms.length === entry.atoms.length;
  return same ? entry : 'rounding changes the crystal';
}

/**
 * The volume (cubic angstrom) that an atom of each element takes in these crystals: least squares
 * of relative errors of the cell volumes, volumes not negative, drawn weakly towards the mean
 * volume of an atom, by coordinate descent.
 */
function atomicVolumes(crystals) {
  const rows = crystals.map(({ cell, atoms }) => {
    const counts = new Map();
    for (const { element } of atoms) counts.set(element, (counts.get(element) ?? 0) + 1);
    const volume = cellVolume(cell);
    return [...counts].map(([element, count]) => [element, count / volume]);
  });
  const columns = new Map();
  rows.forEach((row, r) => {
    for (const [element, share] of row) {
      if (!columns.has(element)) columns.set(element, []);
      columns.get(element).push([r, share]);
    }
  });
  const atomsTotal = crystals.reduce((sum, c) => sum + c.atoms.length, 0);
  const mean = crystals.reduce((sum, c) => sum + cellVolume(c.cell), 0) / atomsTotal;
  const weight = 1 / mean ** 2; // as much as one crystal
  const volumes = new Map([...columns.keys()].map((element) => [element, mean]));
  const residual = rows.map((row) => 1 - row.reduce((sum, [, share]) => sum + share * mean, 0));
  for (let sweep = 0; sweep < 300; sweep++) {
    for (const [element, column] of columns) {
      const old = volumes.get(element);
      let top = weight * (mean - old);
      let bottom = weight;
      for (const [r, share] of column) {
        top += share * residual[r];
        bottom += share * share;
      }
      const next = Math.max(1, old + top / bottom);
      for (const [r, share] of column) residual[r] -= share * (next - old);
      volumes.set(element, next);
    }
  }
  return volumes;
}

/** For each element: the materials that hold it, and the volume of an atom. */
function elementTable(crystals) {
  const volumes = atomicVolumes(crystals);
  const materials = new Map();
  for (const { atoms, material } of crystals) {
    for (const { element } of atoms) {
      if (!materials.has(element)) materials.set(element, new Set());
      materials.get(element).add(material);
    }
  }
  return [...volumes]
    .sort(([a], [b]) => a - b)
    .map(([element, volume]) => ({
      symbol: elementSymbol(element),
      materials: materials.get(element).size,
      volume: Number(volume.toFixed(2)),
    }));
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
const elements = elementTable(crystals).map((row) => `  ${JSON.stringify(row)}`);
writeFileSync(join(here, 'elements.json'), `[\n${elements.join(',\n')}\n]\n`);
console.log(summary, `${(table.length / 1000).toFixed(0)} kB`);
