import { defineConfig } from 'vitest/config';

// TensorFlow's native binding cannot be loaded by a second worker thread of one
// process, so every test file runs in a process of its own.
export default defineConfig({
  // The examples name the package as a user does.
  resolve: { alias: { 'cbed-gan': new URL('./src/index.ts', import.meta.url).pathname } },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
