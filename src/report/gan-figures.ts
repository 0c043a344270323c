import * as Plot from '@observablehq/plot';
import type { HistoryRow } from '../../gan/train.ts';
import { figure, PALETTE } from './figure.ts';

const [BLUE, ORANGE, GREEN] = PALETTE;

const line = (history: readonly HistoryRow[], key: keyof HistoryRow, stroke: string) =>
  Plot.line(history, { x: 'step', y: key, stroke, strokeWidth: 1.6 });

/**
 * The course of a GAN training: losses of both networks, and the discriminator's mean scores of
 * real and generated triplets. Scores that drift far apart mean that the discriminator has won.
 */
export function ganLearningFigure(history: readonly HistoryRow[]): string {
  const panel = { width: 420, height: 300, marginLeft: 52, grid: true };
  const x = { label: 'step', ticks: 5, tickFormat: 'd' };
  return figure(
    {
      title: 'The GAN in training',
      subtitle:
        'left: hinge losses; right: mean score of the discriminator (above 1 and below -1: sure)',
    },
    [
      {
        ...panel,
        x,
        y: { label: 'loss' },
        marks: [line(history, 'discriminator', BLUE), line(history, 'generator', ORANGE)],
      },
      {
        ...panel,
        x,
        y: { label: 'score' },
        marks: [Plot.ruleY([0]), line(history, 'real', GREEN), line(history, 'fake', ORANGE)],
      },
    ],
    [
      { label: 'discriminator', colour: BLUE },
      { label: 'generator, generated triplets', colour: ORANGE },
      { label: 'real triplets', colour: GREEN },
    ],
  );
}
