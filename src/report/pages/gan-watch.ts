import sharp from 'sharp';
import type { Generator } from '../../../gan/generator.ts';
import type { HistoryRow } from '../../../gan/training/checkpoint.ts';
import type { Trained } from '../../../gan/training/loop.ts';
import { generatorQuality, type Quality } from '../../../synthetic/metrics/generator-quality.ts';
import { type RandomPicture, randomPictures } from '../../../synthetic/sampling/random.ts';
import { appendLine, atomically, writeAtomic } from '../../common/files.ts';
import { type ProgressFactory, silentProgress } from '../../common/progress.ts';
import type { Run } from '../../common/run.ts';
import { zonesByGroup } from '../../dataset/store/simulation.ts';
import type { Store } from '../../dataset/store/store.ts';
import { tf } from '../../engine/tf.ts';
import { PALETTE } from '../draw/figure.ts';
import { formulaOfCif, formulaText, groupText, zonesText } from '../draw/notation.ts';
import { writeFigure, writeFigureApart } from '../draw/raster.ts';
import { blankCell, contactSheet, type SheetCell } from '../draw/sheet.ts';
import { ganLearningFigure } from '../figures/gan-figures.ts';

/** Folder of a run with the events that TensorBoard draws. */
const EVENTS = 'tensorboard';
/** Steps between two sheets of samples. */
const SHEET_EVERY = 500;
/** Classes on a sheet, and triplets of each. */
const CLASSES = 6;
const EACH = 3;

/** What `gan train` reports at its end. */
export interface WatchResult {
  quality: Quality;
  wrote: string[];
}

/** Follows a training: metrics as JSON lines and for TensorBoard, sheets of the same samples. */
export class GanWatch {
  private readonly run: Run;
  private readonly store: Store;
  private readonly classes: readonly number[];
  private readonly board: ReturnType<typeof tf.node.summaryFileWriter>;
  private readonly sheets: string[] = [];

  constructor(run: Run, store: Store, classes: readonly number[]) {
    this.run = run;
    this.store = store;
    this.classes = classes;
    this.board = tf.node.summaryFileWriter(run.file(EVENTS));
  }

  /** How to watch the training while it runs. */
  get hint(): string {
    return `watch it: tensorboard --logdir ${this.run.file(EVENTS)} (pip install tensorboard), or its metrics.jsonl and samples/`;
  }

  /** Starts the list of metrics from a history, so that no step stands in it twice. */
  begin(history: readonly HistoryRow[]): void {
    const lines = history.map((row) => `${JSON.stringify(row)}\n`);
    writeAtomic(this.run.file('metrics.jsonl'), lines.join(''));
  }

  async report(row: HistoryRow, modelNow: () => Generator): Promise<void> {
    appendLine(this.run.file('metrics.jsonl'), JSON.stringify(row));
    for (const key of ['discriminator', 'generator', 'real', 'fake'] as const) {
      this.board.scalar(key, row[key], row.step);
    }
    const { health } = row;
    for (const [name, value] of [
      ['diversity', health?.diversity],
      ['overfitting', health?.overfitting],
      ['KID', health?.distance],
      ['KID of real against real', health?.floor],
    ] as const) {
      if (value !== undefined && value !== null) this.board.scalar(name, value, row.step);
    }
    this.board.flush(); // so that who watches sees it now
    if (row.step % SHEET_EVERY !== 0) return;
    const model = modelNow();
    try {
      await this.sheet(model, row.step);
    } finally {
      model.dispose();
    }
  }

  private get shown(): readonly number[] {
    return this.classes.slice(0, CLASSES);
  }

  /** Triplets of the shown classes, `EACH` of one after another. */
  private drawn(model: Generator): Promise<RandomPicture[]> {
    return randomPictures(model, { spaceGroups: this.shown, count: EACH, seed: 0 });
  }

  private async sheet(model: Generator, step: number): Promise<void> {
    const drawn = await this.drawn(model);
    const sheet = await contactSheet({
      title: `Samples of the same latent vectors after ${step} steps`,
      cells: drawn.map(({ pixels }, i) => ({
        pixels,
        size: this.store.size,
        pixel: this.store.camera.pixel,
        caption: [groupText(this.shown[Math.floor(i / EACH)]!)],
      })),
      columns: EACH,
    });
    const stem = this.run.file('samples', `step-${String(step).padStart(6, '0')}`);
    this.sheets.push((await writeFigureApart(stem, sheet())).png);
  }

  /** Real triplets beside generated ones of the same classes. */
  private async comparison(model: Generator): Promise<string> {
    const drawn = await this.drawn(model);
    const train = this.store.examples('train');
    const zonesOf = zonesByGroup(this.store);
    const cells = this.shown.flatMap((spaceGroup, place): SheetCell[] => {
      const label = this.store.classes.indexOf(spaceGroup);
      const rows = [...train.labels.keys()].filter((row) => train.labels[row] === label);
      const { size, camera } = this.store;
      const common = { size, pixel: camera.pixel };
      const caption = (kind: string, formula: string, zones: string): string[] => [
        `${kind}, ${groupText(spaceGroup)}`,
        [formula, zones].filter(Boolean).join(' · '),
      ];
      const real = rows.slice(0, EACH).map((row): SheetCell => {
        const { formula, zones } = this.store.facts(train.rows[row]!);
        const known = formula ? formulaText(formula) : '';
        return {
          ...common,
          pixels: train.images([row]),
          caption: caption('real', known, zonesText(zones)),
        };
      });
      // A pattern drawn again would pass for another one.
      while (real.length < EACH) real.push(blankCell(size, '(no further triplet)'));
      const zones = zonesText(zonesOf(spaceGroup));
      const made = drawn.slice(place * EACH, (place + 1) * EACH).map(({ pixels, cif }) => ({
        ...common,
        pixels,
        caption: caption('generated', formulaOfCif(cif) ?? '', zones),
        frame: PALETTE[1],
      }));
      return [...real, ...made];
    });
    const sheet = await contactSheet({
      title: 'Real triplets, and triplets of the GAN (framed)',
      subtitle: 'three zone axes each; grey: logarithm of the intensity',
      cells,
      columns: 2 * EACH,
      cellWidth: 216,
    });
    return (await writeFigure(this.run.file('samples', 'real-and-generated'), sheet)).png;
  }

  /** The sheets one after another, a second each. */
  private async film(): Promise<string | null> {
    if (this.sheets.length < 2) return null;
    const path = this.run.file('samples', 'training.webp');
    await atomically(path, (temporary) =>
      sharp(this.sheets, { join: { animated: true } })
        .webp({ loop: 0, delay: this.sheets.map(() => 1000), quality: 80 })
        .toFile(temporary)
        .then(() => undefined),
    );
    return path;
  }

  /** Judges what was learned and draws the last pictures. */
  async finish(
    { model, untrained, history }: Pick<Trained<Generator>, 'model' | 'untrained' | 'history'>,
    progress: ProgressFactory = silentProgress,
  ): Promise<WatchResult> {
    const learning = await writeFigure(this.run.file('learning'), (width) =>
      ganLearningFigure(history, width),
    );
    const wrote = [learning.png, await this.comparison(model)];
    const film = await this.film();
    if (film) wrote.push(film);
    return {
      quality: await generatorQuality(this.store, this.classes, { model, untrained }, progress),
      wrote,
    };
  }
}
