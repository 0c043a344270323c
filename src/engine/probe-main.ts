// A program of its own (see probe.ts): loads the engine, tests it and prints what it found as
// JSON. An engine that ends its process, as on a processor it was not built for, ends only this.
import { writeSync } from 'node:fs';
import type { EngineProbe } from './probe.ts';

const start = performance.now();
const { engine } = await import('./tf.ts');
const loadSeconds = Math.round(performance.now() - start) / 1000;
const kernels = (await import('./kernels.ts')).kernels() !== null;
const selfTest = process.argv.includes('--self-test')
  ? (await import('./selftest.ts')).selfTest()
  : null;
const probe: EngineProbe = { ...engine, loadSeconds, kernels, selfTest };
writeSync(1, JSON.stringify(probe));
