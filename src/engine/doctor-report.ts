import { z } from 'zod';

const bytes = z.number().min(0);

const machine = z.object({
  node: z.string().describe('version of Node'),
  platform: z.string(),
  arch: z.string(),
  glibc: z.string().nullable().describe('version of the C library; null where it is not glibc'),
  processor: z.string(),
  cores: z.int().min(1).describe('cores that this process may use'),
  instructions: z.array(z.string()).describe('vector instructions of the processor'),
  memoryBytes: bytes,
  freeMemoryBytes: bytes,
});

const gpu = z.object({ name: z.string(), memoryBytes: bytes, driver: z.string() });

const engine = z.object({
  tensorflow: z.string(),
  tfjs: z.string(),
  build: z.enum(['cpu', 'cuda']),
  gpu: z.boolean().describe('whether operations run on a GPU'),
  threads: z.int().min(1),
  oneDnn: z.boolean().describe('whether the oneDNN kernels are on'),
  kernels: z.boolean().describe('whether the fused kernels are used'),
  loadSeconds: z.number(),
});

const selfTest = z.object({
  passed: z.boolean(),
  differences: z
    .object({
      convolution: z.number(),
      inputGradient: z.number(),
      filterGradient: z.number(),
    })
    .describe('largest differences from plain JavaScript'),
  tolerance: z.number(),
  matmul: z.object({ size: z.int(), gflops: z.number() }),
  seconds: z.number(),
});

const cache = z.object({
  folder: z.string(),
  bytes,
  freeBytes: bytes.describe('free on its disk'),
  entries: z.array(z.object({ name: z.string(), bytes })),
});

const check = z.object({
  name: z.string(),
  state: z.enum(['ok', 'warning', 'problem']),
  detail: z.string(),
  mend: z.string().describe('what to do; empty when all is well'),
});

/** The report of `gan doctor --json`; published as docs/reference/doctor.schema.json. */
export const doctorSchema = z
  .object({
    format: z.literal(1),
    project: z.string().describe('version of cbed-gan'),
    state: z.enum(['ok', 'warnings', 'problems']),
    machine,
    tools: z.object({
      compiler: z.string().nullable(),
      pip: z.string().nullable(),
    }),
    gpus: z.array(gpu),
    engine: engine.nullable().describe('null when TensorFlow does not load'),
    selfTest: selfTest.nullable(),
    cache,
    checks: z.array(check),
  })
  .meta({ title: 'Report of gan doctor' });

export type DoctorReport = z.output<typeof doctorSchema>;
export type Check = z.output<typeof check>;

/** The schema for other programs, as JSON Schema (draft 2020-12). */
export const doctorJsonSchema = (): object => z.toJSONSchema(doctorSchema);
