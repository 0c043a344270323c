import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ganConfig } from '../../gan/codec/config.ts';
import { crystalConfigFor } from '../../gan/crystal/config.ts';
import { pixelConfig } from '../../gan/pixel/config.ts';
import { loadStudy } from '../../src/benchmark/study/load.ts';
import { resolveConfig } from '../../src/common/config.ts';
import { CbedError } from '../../src/common/errors.ts';
import { simulationSchema } from '../../src/simulate/options.ts';
import { temporaryFolder } from '../support/folder.ts';

const folder = temporaryFolder('config');
let files = 0;
const yaml = (text: string): string => {
  const path = join(folder, `${files++}.yaml`);
  writeFileSync(path, text);
  return path;
};

/** What a schema makes of YAML text: the settings, or the exit code and message of the error. */
function outcome(schema: z.ZodType, text: string) {
  try {
    return { settings: resolveConfig(schema, {}, yaml(text)) };
  } catch (error) {
    if (!(error instanceof CbedError)) throw error;
    return { code: error.exitCode, message: error.message };
  }
}

describe('a value that says nothing or something else is refused with exit 2', () => {
  it.each([
    ['penalty:', /penalty = null: is blank/],
    ['average: null', /average = null: is blank/],
    ['borrow: true', /borrow = true: is not a number/],
    ['between: false', /between = false: is not a number/],
    ['steps: []', /steps = \[\]: is not a number/],
    ['steps: [5]', /steps = \[5\]: is not a number/],
    ["batch: ''", /batch = "": is not a number/],
    ["batch: ' '", /batch = " ": is not a number/],
    ['seed: ~', /seed = null: is blank/],
    ['seed: 2020-01-01', /seed = "2020-01-01": is not a number/],
    ["hidden: '0x20'", /hidden = "0x20": is not a number/],
    ['inputNoise: .nan', /inputNoise/],
    ['widest: .inf', /widest/],
    ["widest: 'Infinity'", /widest = "Infinity": is not a number/],
    ['latent: {}', /latent = \{\}: is not a number/],
  ])('codec GAN: %s', (text, words) => {
    expect(outcome(ganConfig, text)).toMatchObject({ code: 2 });
    expect(outcome(ganConfig, text).message).toMatch(words);
  });

  it.each([
    [pixelConfig, 'width:'],
    [pixelConfig, 'penaltyEvery: true'],
    [crystalConfigFor('cpu'), 'hidden: null'],
    [crystalConfigFor('cpu'), 'batch: true'],
    [simulationSchema, 'size: true'],
    [simulationSchema, 'absorption: null'],
    [simulationSchema, 'energies: true'],
    [z.object({ classes: z.coerce.string().default('rare') }), 'classes:'],
    [z.object({ classes: z.coerce.string().default('rare') }), 'classes: true'],
    [z.object({ classes: z.coerce.string().default('rare') }), 'classes: [14]'],
  ])('others: %#', (schema, text) => {
    expect(outcome(schema as z.ZodType, text)).toMatchObject({ code: 2 });
  });

  it.each(['ganSteps:', 'updates: true', 'seeds: null'])('a study: %s', (line) => {
    const arms = 'arms:\n  - name: plain\nbaseline: plain\nname: one\ndata: ladder\n';
    expect(() => loadStudy(yaml(`${arms}${line}\n`))).toThrow(/is blank|is not a number/);
  });
});

it('numbers as numbers or as text, and texts as numbers, stay what they are', () => {
  const { settings } = outcome(ganConfig, "steps: '200'\npenalty: 0\naverage: 1e-3\nborrow: .5");
  expect(settings).toMatchObject({ steps: 200, penalty: 0, average: 1e-3, borrow: 0.5 });
  const classes = z.object({ classes: z.coerce.string() });
  expect(outcome(classes, 'classes: 14').settings).toEqual({ classes: '14' });
  const nullable = z.object({ limit: z.coerce.number().nullable() });
  expect(outcome(nullable, 'limit: null').settings).toEqual({ limit: null });
});
