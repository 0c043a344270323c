import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../src/common/paths.ts';

const INDEX = join(packageRoot, 'src', 'index.ts');
const CATEGORIES = JSON.parse(
  readFileSync(join(packageRoot, 'scripts', 'docs', 'typedoc.json'), 'utf8'),
).categoryOrder as string[];

/** Every value that the package exports, and the docstring of its declaration. */
function exportedValues(): [name: string, doc: string][] {
  const statements = readFileSync(INDEX, 'utf8').matchAll(/^export \{([^}]*)\} from '([^']+)'/gm);
  return [...statements].flatMap(([, names, file]) => {
    const source = readFileSync(join(dirname(INDEX), file!), 'utf8');
    const values = names!.split(',').map((one) => one.trim());
    return values
      .filter((one) => one !== '' && !one.startsWith('type '))
      .map((name): [string, string] => {
        const declared = new RegExp(`export (async )?(function\\*?|const|class) ${name}\\b`).exec(
          source,
        );
        const before = source.slice(0, declared?.index).trimEnd();
        return [name, before.endsWith('*/') ? before.slice(before.lastIndexOf('/**')) : ''];
      });
  });
}

it.each(exportedValues())('%s has an example and a place in the reference', (_, doc) => {
  expect(doc).toMatch(/@example\n/);
  expect(CATEGORIES).toContain(/@category (.*)/.exec(doc)?.[1]);
});
