import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadClassifier } from '../../classifier/load.ts';
import {
  CRYSTAL_SYSTEMS,
  cellScale,
  consistent,
  elementsOf,
  POINT_GROUPS,
  taskReport,
  taskTable,
} from '../../classifier/multitask.ts';
import { classifierSpec } from '../../classifier/spec.ts';
import { trainClassifier } from '../../classifier/train.ts';
import type { Cell } from '../../src/crystal/crystal.ts';
import { type Tensor2D, tf } from '../../src/engine/tf.ts';
import { single } from '../support/single.ts';
import { toyExamples } from '../support/toy-examples.ts';

/** Class 0: triclinic group 2; 1: orthorhombic 62; 2: cubic 225, each with its own cell. */
const classes = [2, 62, 225];
const CELLS: Cell[] = [
  [5, 6, 7, 80, 95, 100],
  [9, 5, 4, 90, 90, 90],
  [6, 6, 6, 90, 90, 90],
];
const FORMULAS = ['Fe2 O3', 'Mg4 O8', 'Na4 Cl4'];
const properties = (label: number) => ({ cell: CELLS[label]!, formula: FORMULAS[label]! });
const examples = toyExamples({ counts: [20, 20, 20], classes, properties });
const validation = toyExamples({ counts: [6, 6, 6], classes, properties, name: 'validation' });
const spec = classifierSpec(examples, { width: 8, multitask: true });

describe('what the heads learn', () => {
  it('knows 7 systems, 32 point groups and the elements of a formula', () => {
    expect(CRYSTAL_SYSTEMS).toHaveLength(7);
    expect(CRYSTAL_SYSTEMS[0]).toBe('triclinic');
    expect(CRYSTAL_SYSTEMS[6]).toBe('cubic');
    expect(POINT_GROUPS).toHaveLength(32);
    expect(elementsOf('Fe8 O14 F2').map((at) => at + 1)).toEqual([26, 8, 9]);
    expect(elementsOf('D2 O1')).toEqual([7]);
  });

  it('comes from label, cell and formula; what is not known is marked', () => {
    const table = taskTable({ ...examples, properties: (i) => (i === 0 ? null : properties(0)) });
    expect(table.system[0]).toBe(0);
    expect(table.cellKnown[0]).toBe(0);
    expect(table.elementsKnown[0]).toBe(0);
    expect(table.cellKnown[1]).toBe(1);
    expect([...table.cell.subarray(7, 13)]).toEqual(
      [Math.log(5), Math.log(6), Math.log(7), 80, 95, 100].map(Math.fround),
    );
    const scale = cellScale(taskTable(examples));
    expect(scale.mean[4]).toBeCloseTo((95 + 90 + 90) / 3, 4);
  });
});

it('learns all heads, is saved with them, and reports in units', async () => {
  const before = tf.memory().numTensors;
  const options = { examples, validation, spec, updates: 120, batch: 16, seed: 4 };
  const trained = single(await trainClassifier(options));
  const folder = mkdtempSync(join(tmpdir(), 'multitask-'));
  await trained.save(folder);
  const again = single(await loadClassifier(folder));
  rmSync(folder, { recursive: true });
  const report = taskReport(again.properties(validation)!, taskTable(validation));
  expect(report.systemAccuracy).toBeGreaterThan(0.85);
  expect(report.pointGroupAccuracy).toBeGreaterThan(0.85);
  expect(report.lengthError).toBeLessThan(1);
  expect(report.angleError).toBeLessThan(4);
  expect(report.volumeRelativeError).toBeLessThan(0.3);
  expect(report.elementF1).toBeGreaterThan(0.7);
  trained.dispose();
  again.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

it('works where no property is known, and refuses mixup', async () => {
  const plain = toyExamples({ counts: [8, 8, 8], classes });
  const options = { examples: plain, validation: plain, spec, updates: 4, batch: 8, seed: 1 };
  const trained = single(await trainClassifier(options));
  const report = taskReport(trained.properties(plain)!, taskTable(plain));
  expect(report.lengthError).toBeNull();
  expect(report.elementF1).toBeNull();
  trained.dispose();
  await expect(trainClassifier({ ...options, techniques: ['mixup'] })).rejects.toThrow('multitask');
});

describe('consistency of space group and crystal system', () => {
  const run = (consistency: 'none' | 'weight' | 'mask', systems: number[]) =>
    tf.tidy(() => {
      const logits = tf.tensor2d([[1, 2, 3]]);
      const out = consistent(logits, tf.tensor2d([systems]), { consistency, classes });
      return [...(tf.softmax(out) as Tensor2D).dataSync()];
    });
  const plain = run('none', [0, 0, 0, 0, 0, 0, 0]);

  it('leaves probabilities alone when all systems are equally likely', () => {
    run('weight', [0, 0, 0, 0, 0, 0, 0]).forEach((p, i) => {
      expect(p).toBeCloseTo(plain[i]!, 6);
    });
  });

  it('multiplies by the probability of the system', () => {
    const weighted = run('weight', [Math.log(3), 0, 0, 0, 0, 0, 0]);
    expect(weighted[0]! / weighted[2]!).toBeCloseTo((3 * plain[0]!) / plain[2]!, 5);
  });

  it('leaves only groups of the likeliest system that the task has', () => {
    // Monoclinic (1) is likeliest, but no class of the task is monoclinic: orthorhombic (2) wins.
    const masked = run('mask', [0, 9, 5, 0, 0, 0, 1]);
    expect(masked[1]).toBeCloseTo(1, 6);
  });
});
