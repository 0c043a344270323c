import { Command } from 'commander';
import type { PatternDescription, Specimen } from '../codec/describe.ts';
import type { CodecRow } from '../report/figures/codec.ts';

interface CodecFlags {
  out?: string;
  samples?: string;
  size?: string;
  detect?: boolean;
  seed?: string;
  config?: string;
  json?: boolean;
}

const digits = (value: number, places: number): number => Number(value.toFixed(places));

/** What is told of one pattern. */
async function factsOf(description: PatternDescription) {
  if ('failed' in description) return description;
  const { MOST_OVERLAP, overlapOf } = await import('../codec/discs.ts');
  const { geometry, residualShare, background, coefficients } = description.ok;
  const overlap = overlapOf(geometry);
  const modes = coefficients.length / geometry.h.length;
  const lit = geometry.h.reduce((sum, _, disc) => sum + Number(coefficients[disc * modes]! > 0), 0);
  return {
    lattice: description.source,
    because: description.because,
    aperture: geometry.aperture,
    basis: geometry.basis.map((value) => digits(value, 3)),
    radius: digits(geometry.radius, 3),
    discs: geometry.h.length,
    lit,
    overlap: digits(overlap, 3),
    apart: overlap <= MOST_OVERLAP,
    background: background?.map((value) => digits(value, 2)) ?? null,
    residualShare: digits(residualShare, 4),
  };
}

async function rowOf(
  specimen: Specimen,
  pattern: number,
  description: PatternDescription,
): Promise<CodecRow | null> {
  if ('failed' in description) return null;
  const { discTensors, renderPatterns, storedPixels } = await import('../codec/render.ts');
  const { tf } = await import('../engine/tf.ts');
  const { facts, camera, pixels } = specimen;
  const { geometry, coefficients, residualShare } = description.ok;
  const image = tf.tidy(() => renderPatterns(discTensors([description.ok])));
  const drawn = await storedPixels(image);
  image.dispose();
  const modes = coefficients.length / geometry.h.length;
  const [ax, ay, bx, by] = geometry.basis;
  return {
    label: [
      facts.material,
      `${facts.formula} (${facts.spaceGroup})`,
      `axis [${facts.zones[pattern]!.join(' ')}]`,
      `${(100 * residualShare).toFixed(1)} % left over`,
    ],
    size: camera.size,
    measured: Uint8Array.from({ length: camera.size ** 2 }, (_, at) => pixels[3 * at + pattern]!),
    drawn,
    radius: geometry.radius,
    discs: Array.from(geometry.h, (h, disc) => {
      const k = geometry.k[disc]!;
      return {
        column: geometry.centre + h * ax + k * bx,
        row: geometry.centre - h * ay - k * by,
        text: `${h} ${k}`,
        lit: coefficients[disc * modes]! > 0,
      };
    }),
  };
}

async function look(files: string[], flags: CodecFlags): Promise<void> {
  const { out, config: file, json, ...given } = flags;
  const { resolveConfig } = await import('../common/config.ts');
  const { defaultStorePath } = await import('../common/run.ts');
  const { Stream } = await import('../common/stream.ts');
  const { z } = await import('zod');
  const { whole } = await import('../common/settings.ts');
  const { describeTriplet, specimens } = await import('../codec/describe.ts');
  const upTo = (least: number, most: number) =>
    whole(least).max(most, { error: `is more than ${most}` });
  const schema = z.object({
    samples: upTo(1, 1000).default(4),
    size: upTo(16, 512).default(128),
    detect: z.boolean().default(false),
    seed: whole(0).default(0),
  });
  const { samples, size, detect, seed } = resolveConfig(schema, given, file);
  const sources = files.length > 0 ? files : [defaultStorePath()];
  const stream = new Stream(seed, 'codec specimens');
  const found = await specimens({ files: sources, count: samples, size, stream });
  const described = found.map((specimen) => ({
    specimen,
    patterns: describeTriplet({ ...specimen, detect }),
  }));
  const told = await Promise.all(
    described.map(async ({ specimen: { key, facts }, patterns }) => ({
      key,
      material: facts.material,
      spaceGroup: facts.spaceGroup,
      zones: facts.zones,
      patterns: await Promise.all(patterns.map(factsOf)),
    })),
  );
  const picture = out ? await draw(out, described) : null;
  if (json) console.log(JSON.stringify({ samples: told, picture }, null, 2));
  else {
    for (const line of lines(told)) console.log(line);
    if (picture) console.log(`wrote ${picture}`);
  }
}

type Described = { specimen: Specimen; patterns: PatternDescription[] };

async function draw(out: string, described: readonly Described[]): Promise<string> {
  const { codecSheet } = await import('../report/figures/codec.ts');
  const { writeFigure } = await import('../report/draw/raster.ts');
  const rows: CodecRow[] = [];
  for (const { specimen, patterns } of described) {
    for (const [pattern, description] of patterns.entries()) {
      const row = await rowOf(specimen, pattern, description);
      if (row) rows.push(row);
    }
  }
  return (await writeFigure(out, await codecSheet('Patterns as lattices of discs', rows))).png;
}

/** Why the cell was not used. */
const why = (because: string | null): string => (because ? ` (cell not used: ${because})` : '');

type Told = {
  material: string;
  spaceGroup: number;
  patterns: Awaited<ReturnType<typeof factsOf>>[];
};

function lines(told: readonly Told[]): string[] {
  const out: string[] = [];
  const shares: number[] = [];
  for (const { material, spaceGroup, patterns } of told) {
    out.push(`${material} (space group ${spaceGroup})`);
    for (const facts of patterns) {
      if ('failed' in facts) {
        out.push(`  not described: ${facts.failed}${why(facts.because)}`);
        continue;
      }
      shares.push(facts.residualShare);
      const from =
        facts.lattice === 'cell' ? 'of the cell' : `found in the pattern${why(facts.because)}`;
      const blurred = facts.apart ? '' : ', discs overlap too much to be told apart';
      const light = `${blurred}${facts.background ? ', with a background' : ''}`;
      out.push(
        `  lattice ${from}, radius ${facts.radius.toFixed(2)} px, ${facts.lit} of ${facts.discs} discs lit${light}; ${(100 * facts.residualShare).toFixed(1)} % of the signal left over`,
      );
    }
  }
  const mean = shares.reduce((a, b) => a + b, 0) / Math.max(1, shares.length);
  out.push(
    `${shares.length} patterns described, ${(100 * mean).toFixed(1)} % left over on average`,
  );
  return out;
}

/** `gan data codec FILES…` */
export const dataCodecCommand = (): Command =>
  new Command('codec')
    .description(
      'Describe patterns as lattices of discs, draw them again, and show what is left over.',
    )
    .argument('[files...]', 'a prepared store (the default one), or files in the Summit layout')
    .option(
      '--out <file>',
      'draw patterns, renderings, differences and indexed discs there (default: nothing)',
    )
    .option('--samples <n>', 'triplets to look at (4)')
    .option('--size <pixels>', 'average patterns of Summit files to this many pixels a side (128)')
    .option('--detect', 'find the lattice in the pattern even where the cell is known')
    .option('--seed <n>', 'seed of every random draw (default: 0)')
    .option('--config <file>', 'YAML file of settings; flags override it')
    .option('--json', 'print everything as JSON')
    .addHelpText('after', '\nExample:\n  npx gan data codec workspace/prepared.h5 --out codec.png')
    .action(look);
