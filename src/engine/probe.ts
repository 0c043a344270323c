import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../common/paths.ts';
import { runProgram } from './program.ts';
import { withoutChatter } from './quiet.ts';
import type { SelfTest } from './selftest.ts';
import type { Engine } from './tf.ts';

/** What a process of its own found when it loaded the engine. */
export interface EngineProbe extends Engine {
  loadSeconds: number;
  /** Whether the fused kernels are used. */
  kernels: boolean;
  selfTest: SelfTest | null;
}

export type ProbeResult = { ok: EngineProbe } | { failed: string; signal: string | null };

/** The compiled program beside this module, also when this module runs as TypeScript. */
function programPath(): string {
  const here = fileURLToPath(import.meta.url);
  return here.endsWith('.ts')
    ? join(packageRoot, 'dist', 'src', 'engine', 'probe-main.js')
    : join(here, '..', 'probe-main.js');
}

/** Loads the engine in a process of its own, so that a crash there is a finding here. */
export async function probeEngine(options: { selfTest?: boolean } = {}): Promise<ProbeResult> {
  const flags = options.selfTest ? ['--self-test'] : [];
  const env = { ...process.env, CBED_ENGINE_LOG: '' };
  const answer = await runProgram(process.execPath, [programPath(), ...flags], {
    env,
    timeoutMs: 120_000,
  });
  if (answer.code === 0) return { ok: JSON.parse(answer.stdout) as EngineProbe };
  const end = answer.signal ? `it was ended by ${answer.signal}` : `it ended with ${answer.code}`;
  const lines = withoutChatter(answer.stderr).split('\n').filter(Boolean);
  const message = lines.find((line) => /Error:|\b[FE]\d{4} /.test(line)) ?? lines.at(-1) ?? '';
  const text = message.replace(/^(Uncaught )?\w*Error: /, '').trim();
  return { failed: text || end, signal: answer.signal };
}
