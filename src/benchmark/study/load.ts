import { existsSync } from 'node:fs';
import { readConfigFile, refuseWrongTypes } from '../../common/config.ts';
import { usageError } from '../../common/errors.ts';
import { groupBy } from '../../common/group.ts';
import { dataFile } from '../../common/paths.ts';
import { didYouMean } from '../../common/suggest.ts';
import { fileSafe, type Study, studySchema } from './study.ts';

/** Studies that ship with the package, under data/studies. */
export const BUILT_IN_STUDIES = [
  'quick',
  'default',
  'controls',
  'challenge',
  'multitask',
  'ablations',
  'boundary',
  'crystal-boundary',
  'convergence',
  'zero-shot',
  'universal',
] as const;

function rawStudy(nameOrPath: string): Record<string, unknown> {
  if ((BUILT_IN_STUDIES as readonly string[]).includes(nameOrPath)) {
    return readConfigFile(dataFile('studies', `${nameOrPath}.yaml`));
  }
  if (!existsSync(nameOrPath)) {
    throw usageError(`no study ${nameOrPath}`, didYouMean(nameOrPath, BUILT_IN_STUDIES));
  }
  return readConfigFile(nameOrPath);
}

/**
 * A built-in study or a YAML file, checked, with `overrides` on top.
 *
 * @throws usage error naming the setting and value that cannot be used.
 * @example
 * const study = loadStudy('quick', { data: 'minerals', seeds: 6 });
 * @category Studies
 */
export function loadStudy(nameOrPath: string, overrides: Record<string, unknown> = {}): Study {
  const given = Object.fromEntries(Object.entries(overrides).filter(([, v]) => v !== undefined));
  const settings = { ...rawStudy(nameOrPath), ...given };
  refuseWrongTypes(studySchema, settings, `study ${nameOrPath}: `);
  const result = studySchema.safeParse(settings);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw usageError(`study ${nameOrPath}: ${issue.path.join('.')}: ${issue.message}`);
  }
  checkStudy(nameOrPath, result.data);
  return result.data;
}

/** What a schema cannot say of the settings together. */
function checkStudy(nameOrPath: string, study: Study): void {
  const names = study.arms.map(({ name }) => name);
  if (new Set(names).size !== names.length) {
    throw usageError(`study ${nameOrPath}: two arms have one name`, 'rename one');
  }
  const files = groupBy(names, fileSafe);
  const collision = [...files.values()].find((some) => some.length > 1);
  if (collision) {
    throw usageError(
      `study ${nameOrPath}: arms ${collision.map((name) => `"${name}"`).join(' and ')} would have one file`,
      'rename one: names must differ in letters and digits',
    );
  }
  if (!names.includes(study.baseline)) {
    throw usageError(
      `study ${nameOrPath}: no arm "${study.baseline}" to compare with`,
      didYouMean(study.baseline, names),
    );
  }
  const given = study.arms.find(({ synthetic }) => synthetic === 'archive');
  if (given && (study.archive === undefined || study.splits !== 1)) {
    throw usageError(
      `study ${nameOrPath}: arm "${given.name}" takes the samples of an archive, which belongs to one division of a store`,
      study.archive === undefined ? 'name it: archive: FILE' : 'set splits: 1',
    );
  }
  const nothing = study.arms.find((arm) => arm.ratio === 'validation' && arm.synthetic === 'none');
  if (nothing) {
    throw usageError(
      `study ${nameOrPath}: arm "${nothing.name}" has no synthetic data whose ratio could be chosen`,
      'give it a synthetic source, or leave out ratio: validation',
    );
  }
  const apart = study.arms.find((arm) => arm.pretrain !== undefined && arm.synthetic === 'none');
  if (apart) {
    throw usageError(
      `study ${nameOrPath}: arm "${apart.name}" has no synthetic data to pretrain on`,
      'give it a synthetic source, or leave out pretrain',
    );
  }
  if (new Set(study.budgets).size !== (study.budgets?.length ?? 0)) {
    throw usageError(`study ${nameOrPath}: budgets: one stands there twice`, 'leave one out');
  }
}
