import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launcher } from '../../src/common/paths.ts';
import {
  type ArchiveContents,
  openArchive,
  writeArchive,
} from '../../synthetic/archive/archive.ts';

/** Signs of a crash in what a command printed. */
export const CRASH =
  /Aborted|Segmentation|corrupted|core dumped|terminate called|\n {4}at |CBED_DEBUG|Traceback/;

const SMALL = 'latent: 6\nembedding: 8\nhidden: 32\ncomponents: 8\nbatch: 8\n';
const study = (store: string): string =>
  `name: attacked\ndata: ${store}\nbaseline: plain\nseeds: 1\nsplits: 1\ngans: 1\nupdates: 20\narms:\n  - name: plain\n    techniques: [flips]\n  - name: made\n    techniques: [flips]\n    synthetic: interpolation\n    fillTo: 20\n`;

/** Settings files of commands, by name. */
const SETTINGS = {
  'small.yaml': SMALL,
  'classify.yaml':
    'technique: [flips]\nwidth: 8\nupdates: 1\nbatch: 16\nrate: 0.01\nseed: 2\nmultitask: false\n',
  'simulate.yaml': 'thickness: [100]\nslice: 2.5\nabsorption: 0.05\nfactors: lobato\nseed: 1\n',
  'sample.yaml': 'count: 1\nclasses: all\ntruncation: 0.9\nseed: 4\n',
};

/** What makes the world, in order, and what each makes. */
export const STEPS: readonly (readonly [made: string, command: string])[] = [
  [
    'summit.h5',
    'data simulate --crystals generated --groups 14,62,225 --materials 16 --size 32 --out summit.h5',
  ],
  ['store.h5', 'data prepare summit.h5 --size 32 --workers 1 --out store.h5'],
  ['guide', 'classify train --data store.h5 --updates 40 --out guide'],
  ['verifier', 'classify train --data store.h5 --updates 40 --seed 1 --out verifier'],
  [
    'gan',
    'train --data store.h5 --generator codec --classes all --config small.yaml --steps 10 --out gan',
  ],
  ['samples', 'sample --data store.h5 --gan gan --classes all --count 4 --out samples'],
  [
    'score',
    'score samples/synthetic.h5 --data store.h5 --classifier verifier --cas-updates 0 --network-updates 0 --out score',
  ],
  ['study', 'bench run --study study.yaml --out study --threads 1'],
];

/** What an archive was written with. */
export async function contentsOf(path: string): Promise<ArchiveContents> {
  const { size, labels, classes, camera, passports, origin, parameters, images } =
    await openArchive(path);
  return {
    size,
    labels,
    classes,
    camera: camera!,
    passports: passports!,
    origin: origin!,
    images: images([...labels.keys()]),
    ...(parameters && { parameters }),
  };
}

/** A small world in a folder: a store, two classifiers, a GAN, samples, a study. Made once. */
export class World {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
    process.env.CBED_WORKSPACE = this.at('workspace');
    mkdirSync(folder, { recursive: true });
    process.chdir(folder);
    for (const [name, text] of Object.entries(SETTINGS)) writeFileSync(this.at(name), text);
    writeFileSync(this.at('study.yaml'), study(this.at('store.h5')));
    for (const [name, good] of [
      ['hydrate', 'good'],
      ['salt', 'salt'],
    ]) {
      const crystal = new URL(`../../../test/data/cif/${name}.cif`, import.meta.url);
      copyFileSync(fileURLToPath(crystal), this.at(`${good}.cif`));
    }
    for (const [made, command] of STEPS) {
      if (existsSync(this.at(made))) continue;
      const { status, stderr } = this.run(command);
      if (status !== 0) throw new Error(`gan ${command}: ${stderr}`);
    }
  }

  /** Makes what is missing of the world in a folder. */
  static async make(folder: string): Promise<World> {
    const world = new World(folder);
    const [scored, accepted] = [world.at('score', 'scored.h5'), world.at('accepted.h5')];
    if (existsSync(accepted)) return world;
    // So small a GAN makes nothing that the checks would take; they are not what is attacked.
    const made = await contentsOf(scored);
    const passports = made.passports.map((one) => ({ ...one, accepted: true, reasons: [] }));
    await writeArchive(accepted, { ...made, passports });
    return world;
  }

  at(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** Runs a command to its end in a process of its own. */
  run(command: string) {
    const words = [launcher, ...command.split(' ')];
    return spawnSync(process.execPath, words, { cwd: this.folder, encoding: 'utf8' });
  }
}

/** How much of a part is done. */
export interface Attack {
  /** Attacks at most. */
  count: number;
  seed: number;
  /** Kind of damaged input; all where absent. */
  only?: string;
  /** Value of `performance.now()` after which no other attack is begun. */
  end: number;
}

/** What a part of the attack found. */
export interface Outcome {
  counts: Record<string, unknown>;
  failures: string[];
}
