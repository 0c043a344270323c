/**
 * Crystals of the crystal GANs of a study beside crystals of fitted priors and real ones: how many
 * proposals are crystals of their group at all, how many are new, how many have a skeleton that no training
 * crystal has, and how far compositions and densities are from those of held-out crystals. What is kept
 * is written as a CIF file and read back: moyo finds the group there anew.
 *
 *   npx tsc -p benchmarks && node dist/benchmarks/crystals.js STUDY_FOLDER OUT.json [--gans 3] [--count 40]
 *
 * STUDY_FOLDER is a folder of `gan bench run`; `--count` crystals of every class that its GANs are asked for.
 */
import { parseArgs } from 'node:util';
import { crystalData } from '../gan/crystal/data.ts';
import { CrystalModel } from '../gan/crystal/model.ts';
import { checkCrystal } from '../gan/crystal/proposal-checks.ts';
import { type ControlRequest, fittedCrystals, type MadeCrystals } from '../gan/crystal/sample.ts';
import { skeletonName, skeletonOf } from '../gan/crystal/skeletons.ts';
import { ganFile } from '../src/benchmark/pools/makers.ts';
import { readStudyFolder } from '../src/benchmark/study/folder.ts';
import { openDivision } from '../src/benchmark/study/store.ts';
import { planCells, usesGan } from '../src/benchmark/study/study.ts';
import { writeJson } from '../src/common/files.ts';
import { cellVolume } from '../src/crystal/cell.ts';
import { crystalOfBlock } from '../src/crystal/cif/cif.ts';
import { parseCif } from '../src/crystal/cif/text.ts';
import { cifText } from '../src/crystal/cif/write.ts';
import type { Crystal } from '../src/crystal/crystal.ts';
import { atomicMass } from '../src/crystal/elements.ts';
import { StructureIndex } from '../src/crystal/match.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    gans: { type: 'string', default: '3' },
    count: { type: 'string', default: '40' },
  },
});
const [studyPath, out] = positionals;
if (!studyPath || !out) throw new Error('usage: crystals.js STUDY_FOLDER OUT.json');
const SEED = 90_000;

/** Shares of elements in crystals, each crystal counting once for each element that it holds. */
function elementShares(crystals: readonly Crystal[]): Map<number, number> {
  const shares = new Map<number, number>();
  for (const { atoms } of crystals) {
    const held = new Set(atoms.map(({ element }) => element));
    for (const element of held) {
      shares.set(element, (shares.get(element) ?? 0) + 1 / held.size / crystals.length);
    }
  }
  return shares;
}

/** Total variation of the elements of two sets of crystals: 0 the same, 1 nothing in common. */
function compositionDistance(a: readonly Crystal[], b: readonly Crystal[]): number {
  const [p, q] = [elementShares(a), elementShares(b)];
  const all = new Set([...p.keys(), ...q.keys()]);
  return [...all].reduce((sum, e) => sum + Math.abs((p.get(e) ?? 0) - (q.get(e) ?? 0)), 0) / 2;
}

/** Daltons a cubic angstrom in grams a cubic centimetre. */
const DENSITY = 1.66054;

const densityOf = ({ atoms, cell }: Crystal): number =>
  (DENSITY * atoms.reduce((sum, { element }) => sum + atomicMass(element), 0)) / cellVolume(cell);

/** Distance of the densities of two sets of crystals, g/cm3: of their quantiles, on average (Wasserstein-1). */
function densityDistance(a: readonly Crystal[], b: readonly Crystal[]): number {
  const quantiles = (crystals: readonly Crystal[]): number[] => {
    const sorted = crystals.map(densityOf).sort((x, y) => x - y);
    return Array.from(
      { length: 200 },
      (_, i) => sorted[Math.floor(((i + 0.5) / 200) * sorted.length)]!,
    );
  };
  const [p, q] = [quantiles(a), quantiles(b)];
  return p.reduce((sum, value, i) => sum + Math.abs(value - q[i]!), 0) / p.length;
}

/** As many crystals of each group on both sides, so that classes do not count for the crystals in them. */
function paired(a: readonly Crystal[], b: readonly Crystal[]): [Crystal[], Crystal[]] {
  const groups = new Set([...a, ...b].map(({ spaceGroup }) => spaceGroup));
  const sides: [Crystal[], Crystal[]] = [[], []];
  for (const group of groups) {
    const [own, other] = [a, b].map((all) => all.filter((one) => one.spaceGroup === group));
    const count = Math.min(own!.length, other!.length);
    sides[0].push(...own!.slice(0, count));
    sides[1].push(...other!.slice(0, count));
  }
  return sides;
}

const differences = (a: readonly Crystal[], b: readonly Crystal[]) => {
  const [p, q] = paired(a, b);
  return {
    crystals: p.length,
    composition: compositionDistance(p, q),
    density: densityDistance(p, q),
  };
};

const indexOf = (crystals: readonly Crystal[]): StructureIndex => {
  const index = new StructureIndex();
  for (const crystal of crystals) index.add(crystal.id, crystal);
  return index;
};

const share = <T>(all: readonly T[], holds: (one: T) => boolean): number =>
  all.filter(holds).length / all.length;

interface Known {
  training: readonly Crystal[];
  heldOut: readonly Crystal[];
}

/** What is to be said of crystals that a source made. */
function judge({ made, proposed, refused }: MadeCrystals, { training, heldOut }: Known) {
  const kept = made.map(({ crystal }) => crystal);
  const [known, tested, own] = [indexOf(training), indexOf(heldOut), new StructureIndex()];
  const skeletons = new Set(
    training.flatMap((crystal) => {
      const sited = skeletonOf(crystal);
      return sited ? [skeletonName(sited.skeleton)] : [];
    }),
  );
  const counts = { read: 0, repeated: 0, training: 0, heldOut: 0, unseen: 0 };
  for (const crystal of kept) {
    const back = crystalOfBlock(parseCif(cifText(crystal), crystal.id)[0]!, crystal.id);
    if (back.spaceGroup === crystal.spaceGroup) counts.read++;
    if (own.find(back) !== null) counts.repeated++;
    own.add(crystal.id, back);
    if (known.find(back) !== null) counts.training++;
    if (tested.find(back) !== null) counts.heldOut++;
    const sited = skeletonOf(crystal);
    if (sited && !skeletons.has(skeletonName(sited.skeleton))) counts.unseen++;
  }
  const of = (reason: string): number => refused[reason] ?? 0;
  const valid = kept.length + of('repeated') + of('training') + of('heldOut');
  return {
    proposed,
    refused,
    kept: kept.length,
    validBeforeRejection: valid / proposed,
    uniqueOfValid: 1 - of('repeated') / valid,
    newOfValid: 1 - (of('training') + of('heldOut')) / valid,
    groupReadBack: counts.read / kept.length,
    equalToSample: counts.repeated,
    equalToTraining: counts.training,
    equalToHeldOut: counts.heldOut,
    unseenSkeletons: counts.unseen / kept.length,
    besideHeldOut: differences(kept, heldOut),
  };
}

const folder = readStudyFolder(studyPath);
const count = Number(values.count);
const cells = planCells(folder.study).filter(({ arm }) => usesGan(arm));
const results = [];
for (let gan = 0; gan < Number(values.gans); gan++) {
  const cell = cells.find((one) => one.gan === gan)!;
  const { store } = await openDivision(folder.study, cell);
  const model = CrystalModel.load(ganFile(folder, cell, 'model.safetensors'));
  const data = crystalData(store, new Set());
  const wanted = new Map(
    model.classes.flatMap((group, label) => (model.knows(label) ? [[group, count] as const] : [])),
  );
  const { sources } = model;
  const { distances } = sources;
  const request: ControlRequest = { wanted, sources, heldOut: data.heldOut, seed: SEED };
  const known = indexOf(data.training);
  const made = model.sampleCrystals({ wanted, seed: SEED });
  results.push({
    gan,
    classes: wanted.size,
    // What the index finds where it has to: training crystals among themselves.
    plantedFound: data.training.filter((one) => known.find(one) !== null).length,
    trainingCrystals: data.training.length,
    // The floor of validity: what the checks refuse of real crystals that nothing was fitted on.
    heldOutValid: share(data.heldOut, (crystal) => {
      const sited = skeletonOf(crystal);
      return sited !== null && 'ok' in checkCrystal(sited, { id: crystal.id, distances });
    }),
    crystalGan: judge(made, data),
    fittedPriors: judge(fittedCrystals(request), data),
    trainingBesideHeldOut: differences(data.training, data.heldOut),
  });
  model.dispose();
  store.close();
  writeJson(out, { study: folder.study.name, data: folder.study.data, count, seed: SEED, results });
}
