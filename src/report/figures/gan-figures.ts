import * as Plot from '@observablehq/plot';
import type { HistoryRow } from '../../../gan/training/checkpoint.ts';
import { figure, PALETTE } from '../draw/figure.ts';

const [BLUE, ORANGE, GREEN, PURPLE] = PALETTE;

const line = (history: readonly HistoryRow[], key: keyof HistoryRow, stroke: string) =>
  Plot.line(history, { x: 'step', y: key, stroke, strokeWidth: 1.6 });

/** What the watchdog saw, in its own panel where it looked at least twice. */
function healthPanels(history: readonly HistoryRow[], panel: Plot.PlotOptions): Plot.PlotOptions[] {
  const looks = history.flatMap(({ health }) => health ?? []);
  if (looks.length < 2) return [];
  const course = (key: 'diversity' | 'overfitting', stroke: string) => [
    Plot.line(looks, { x: 'step', y: key, stroke, strokeWidth: 1.6 }),
    Plot.dot(looks, { x: 'step', y: key, fill: stroke, r: 3 }),
  ];
  const marks = [
    Plot.ruleY([0, 1]),
    ...course('diversity', PURPLE),
    ...course('overfitting', BLUE),
  ];
  return [{ ...panel, y: { label: 'share' }, marks }];
}

/**
 * The course of a GAN training: losses of both networks, the discriminator's mean scores of real
 * and generated triplets, and what the watchdog saw. Scores that drift far apart mean that the
 * discriminator has won.
 */
export function ganLearningFigure(history: readonly HistoryRow[], width?: number): string {
  const panel = { width: Math.min(420, width ?? 420), height: 300, marginLeft: 52, grid: true };
  const x = { label: 'step', ticks: 5, tickFormat: 'd' };
  const health = healthPanels(history, { ...panel, x });
  // The key names lines that are drawn: a short training was never looked at twice.
  const watched = health.length > 0;
  return figure(
    {
      title: 'The GAN in training',
      subtitle: `hinge losses; mean score of the discriminator (above 1 and below -1: sure)${
        watched
          ? '; diversity in rare classes as a share of the real one, and overfitting (1: known by heart)'
          : ''
      }`,
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
      ...health,
    ],
    [
      { label: watched ? 'discriminator, overfitting' : 'discriminator', colour: BLUE },
      { label: 'generator, generated triplets', colour: ORANGE },
      { label: 'real triplets', colour: GREEN },
      ...(watched ? [{ label: 'diversity', colour: PURPLE }] : []),
    ],
    width,
  );
}
