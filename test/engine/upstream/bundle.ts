import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';
import { packageRoot } from '../../../src/common/paths.ts';
import { bindingPath } from '../../../src/engine/binding.ts';

const folder = join(packageRoot, 'node_modules', '.cache', 'upstream-tests');

/** Where the specs' results are written, one JSON object. */
export const resultsPath = join(folder, 'results.json');

// The entry runs upstream's own runner, whose list of ignored specs stays in force, and adds a
// reporter. Specs are imported by the runner itself.
const ENTRY = `
const util = require('node:util');
util.isNullOrUndefined = (value) => value === null || value === undefined;
util.isArray = Array.isArray;
require('@tensorflow/tfjs-node-gpu/dist/run_tests.js');
const results = { passed: 0, skipped: 0, failed: [] };
jasmine.getEnv().addReporter({
  specDone({ status, fullName, failedExpectations }) {
    if (status === 'passed') results.passed++;
    else if (status === 'failed') {
      results.failed.push({ name: fullName, message: failedExpectations[0]?.message ?? '' });
    } else results.skipped++;
  },
  jasmineDone() {
    require('node:fs').writeFileSync(${JSON.stringify(resultsPath)}, JSON.stringify(results));
  },
});
`;

/**
 * What stands between the published files and one bundle: the binding is found from the
 * bundle's own place, yargs is only asked for a filter that nobody gives, and the backend's ES5
 * constructor calls a class, which needs Reflect.construct.
 */
const adaptations: Plugin = {
  name: 'upstream-adaptations',
  resolveId: (id) => {
    if (id === 'yargs') return '\0yargs';
    return id === 'jasmine'
      ? { id: createRequire(import.meta.url).resolve(id), external: true }
      : null;
  },
  load: (id) => (id === '\0yargs' ? 'export const argv = {};' : null),
  transform(code, id) {
    if (id.endsWith('tfjs-node-gpu/dist/index.js')) {
      return code.replace(/binary\.find\([^;]+\);/, `${JSON.stringify(bindingPath())};`);
    }
    if (id.endsWith('tfjs-node-gpu/dist/nodejs_kernel_backend.js')) {
      return code.replace(
        /_super\.call\(this\) \|\| this/,
        'Reflect.construct(_super, [], this.constructor)',
      );
    }
    return null;
  },
};

/** Bundles TensorFlow.js's own test suite for Node; the path of the program. */
export async function bundleUpstreamTests(): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const entry = join(folder, 'entry.cjs');
  const program = join(folder, 'program.cjs');
  writeFileSync(entry, ENTRY);
  const bundle = await rolldown({
    input: entry,
    platform: 'node',
    plugins: [adaptations],
    treeshake: false,
    resolve: { mainFields: ['module', 'main'] },
    onLog: () => {},
  });
  await bundle.write({ file: program, format: 'cjs', codeSplitting: false });
  await bundle.close();
  return program;
}
