import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';
import type { z } from 'zod';
import { messageOf, usageError } from './errors.ts';
import { existingFile } from './files.ts';

/** A YAML config file as a plain object. */
export function readConfigFile(path: string): Record<string, unknown> {
  existingFile(path, 'check --config');
  // Loaded here, as most commands are given no config file.
  const { parse } = createRequire(import.meta.url)('yaml') as typeof Yaml;
  let value: unknown;
  try {
    value = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw usageError(`${path} is not valid YAML: ${messageOf(error).split('\n')[0]}`);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw usageError(`${path} does not hold a table of settings`);
  }
  return value as Record<string, unknown>;
}

/**
 * The resolved settings of a command: defaults of the schema, overridden by the config file,
 * overridden by the flags that were given.
 *
 * @throws usage error that names the setting, the value and what is expected.
 */
export function resolveConfig<S extends z.ZodType>(
  schema: S,
  flags: Record<string, unknown>,
  file?: string,
): z.output<S> {
  const given = Object.fromEntries(
    Object.entries(flags).filter(([, value]) => value !== undefined),
  );
  const merged = { ...(file ? readConfigFile(file) : {}), ...given };
  const result = schema.safeParse(merged);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const name = issue.path.join('.');
  const at = issue.path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key as PropertyKey],
    merged,
  );
  throw usageError(`${name || 'settings'} = ${JSON.stringify(at)}: ${issue.message}`);
}
