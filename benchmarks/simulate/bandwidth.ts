/**
 * How far patterns of the periodic mode at the default bandwidth are from converged ones (bandwidth 5):
 * the intensity that stands elsewhere, as a share of all in the picture. Minerals spread over the table,
 * three zones each, 100 and 200 kV; and how many triplets of them a second the default makes.
 *
 *   npx tsc -p benchmarks && node dist/benchmarks/simulate/bandwidth.js [minerals] [bandwidth]
 */
import { cpus } from 'node:os';
import { textTable } from '../../src/common/log.ts';
import { loadMinerals } from '../../src/crystal/minerals.ts';
import { engine } from '../../src/engine/tf.ts';
import { simulationSchema } from '../../src/simulate/options.ts';
import { simulateTriplets } from '../../src/simulate/triplets.ts';

const CONVERGED = 5;
const count = Number(process.argv[2] ?? 76);
const asked = Number(process.argv[3]) || 'auto';
const table = loadMinerals();
const crystals = Array.from(
  { length: count },
  (_, i) => table[Math.floor((i * table.length) / count)]!,
);

/** Patterns by crystal and zone, and seconds of processor. */
async function simulated(energy: number, bandwidth: number | 'auto') {
  const options = simulationSchema.parse({ energies: [energy], bandwidth });
  const before = process.cpuUsage();
  const patterns = new Map<string, Float32Array>();
  let at = 0;
  for await (const outcome of simulateTriplets(crystals, options)) {
    if ('ok' in outcome) {
      const { stack } = outcome.ok;
      const each = stack.length / 3;
      for (let zone = 0; zone < 3; zone++) {
        patterns.set(`${at}/${zone}`, stack.slice(zone * each, (zone + 1) * each));
      }
    }
    at++;
  }
  const { user, system } = process.cpuUsage(before);
  return { patterns, seconds: (user + system) / 1e6 };
}

function misplaced(pattern: Float32Array, converged: Float32Array): number {
  let [sum, total] = [0, 0];
  for (let i = 0; i < pattern.length; i++) {
    sum += Math.abs(pattern[i]! - converged[i]!);
    total += converged[i]!;
  }
  return sum / total;
}

const rows: (string | number)[][] = [
  ['kV', 'patterns', 'median', '90th percentile', 'largest', 'triplets a second of processor'],
];
for (const energy of [100, 200]) {
  const ours = await simulated(energy, asked);
  const converged = await simulated(energy, CONVERGED);
  const errors = [...ours.patterns]
    .map(([key, pattern]) => misplaced(pattern, converged.patterns.get(key)!))
    .sort((a, b) => a - b);
  const quantile = (q: number) =>
    `${(100 * errors[Math.floor(q * (errors.length - 1))]!).toFixed(2)} %`;
  const rate = (errors.length / 3 / ours.seconds).toFixed(0);
  rows.push([energy, errors.length, quantile(0.5), quantile(0.9), quantile(1), rate]);
}
console.log(
  `${cpus()[0]!.model}, ${engine.threads} thread, bandwidth ${asked} against ${CONVERGED}`,
);
console.log(textTable(rows));
