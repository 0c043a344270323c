import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../common/paths.ts';
import { linkedTensorflow, realBinding } from './binding.ts';
import { cacheContents, cacheFolder, damagedFile, readManifest } from './cache.ts';
import { compilerMend, findCompiler } from './compile.ts';
import { checksOf, type Findings, worstState } from './doctor-checks.ts';
import type { DoctorReport } from './doctor-report.ts';
import { describeMachine } from './machine.ts';
import { nvidiaGpus } from './nvidia.ts';
import { findPip } from './pip.ts';
import { type EngineProbe, probeEngine } from './probe.ts';
import { linkCached } from './provision.ts';
import { freeBytes } from './space.ts';

/** oneDNN is in the wheels for 64-bit x86 and on unless it is switched off. */
const oneDnn = (): boolean => process.arch === 'x64' && process.env.TF_ENABLE_ONEDNN_OPTS !== '0';

function engineOf(probe: EngineProbe): NonNullable<DoctorReport['engine']> {
  const { selfTest: _, ...engine } = probe;
  return { ...engine, oneDnn: oneDnn() };
}

/** The linked TensorFlow's first damaged file, or null when it is whole or foreign. */
function damage(): string | null {
  const folder = linkedTensorflow();
  if (!folder) return null;
  const manifest = readManifest(folder);
  return manifest ? damagedFile(folder, manifest) : join(folder, 'manifest.json');
}

async function examine(): Promise<Findings> {
  const linked = realBinding() !== null || linkCached();
  const pip = await findPip();
  const compiler = await findCompiler();
  const probe = linked ? await probeEngine({ selfTest: true }) : null;
  const engine = probe && 'ok' in probe ? probe.ok : null;
  const entries = cacheContents();
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
  return {
    project: version,
    machine: describeMachine(),
    tools: {
      compiler: compiler?.version ?? null,
      pip: pip && `${pip.version} (Python ${pip.python})`,
    },
    gpus: await nvidiaGpus(),
    engine: engine && engineOf(engine),
    selfTest: engine?.selfTest ?? null,
    cache: {
      folder: cacheFolder(),
      bytes: entries.reduce((sum, entry) => sum + entry.bytes, 0),
      freeBytes: await freeBytes(cacheFolder()),
      entries,
    },
    linked,
    damaged: damage(),
    loadFailure:
      probe && 'failed' in probe ? { message: probe.failed, signal: probe.signal } : null,
    compilerMend: compiler ? '' : await compilerMend(),
  };
}

/** Examines the engine and all it needs, with a named mend for everything that is off. */
export async function diagnose(): Promise<DoctorReport> {
  const found = await examine();
  const checks = checksOf(found);
  const { linked: _, damaged: __, loadFailure: ___, compilerMend: ____, ...facts } = found;
  return { format: 1, ...facts, state: worstState(checks), checks };
}
