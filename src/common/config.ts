import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';
import type { z } from 'zod';
import { messageOf, usageError } from './errors.ts';
import { existingFile } from './files.ts';
import { isTable } from './table.ts';

/** A setting as it is typed in YAML (`soft-labels`) by its name in the code (`softLabels`). */
const settingName = (typed: string): string =>
  typed.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** A setting's name in the code as it is typed in YAML and as a flag. */
export const dashed = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The same settings with their names in the code, at every depth. */
function named(value: unknown, path: string): unknown {
  if (Array.isArray(value)) return value.map((one) => named(one, path));
  if (!isTable(value)) return value;
  const out: Record<string, unknown> = {};
  for (const [typed, one] of Object.entries(value)) {
    const name = settingName(typed);
    if (Object.hasOwn(out, name))
      throw usageError(`${path}: ${typed} stands there twice`, 'leave one out');
    out[name] = named(one, path);
  }
  return out;
}

/**
 * A YAML config file as a plain object. Settings are written with dashes (`soft-labels`), or as
 * config.json of a run has them.
 */
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
  if (!isTable(value)) {
    throw usageError(`${path} does not hold a table of settings`);
  }
  return named(value, path) as Record<string, unknown>;
}

/** The parts of a zod schema that matter for the types of what is given. */
interface SchemaDef {
  type: string;
  innerType?: z.ZodType;
  element?: z.ZodType;
  shape?: Record<string, z.ZodType>;
  out?: z.ZodType;
  in?: z.ZodType;
  options?: readonly z.ZodType[];
  valueType?: z.ZodType;
}

const defOf = (schema: z.ZodType): SchemaDef => schema._zod.def as unknown as SchemaDef;

/** A number in full: what `Number` also takes (blank, 0x10, Infinity) is none. */
const NUMERAL = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/** A value of which a schema would make something it does not say: `null` a 0, `true` a 1. */
interface WrongType {
  path: string;
  value: unknown;
  text: string;
}

const firstOf = <T>(items: Iterable<T>, find: (item: T) => WrongType | null): WrongType | null => {
  for (const item of items) {
    const found = find(item);
    if (found) return found;
  }
  return null;
};

function leafProblem(type: string, value: unknown): string | null {
  if (value === null) return 'is blank: give a value, or leave the line out';
  if (type === 'number') {
    if (typeof value === 'number') return null;
    return typeof value === 'string' && NUMERAL.test(value.trim()) ? null : 'is not a number';
  }
  if (type === 'string') {
    return ['string', 'number'].includes(typeof value) ? null : 'is not a text';
  }
  return null;
}

/**
 * The first value that a coerced schema would take for another: blank lines, booleans and lists
 * where numbers or texts are asked for. Null where there is none; unknown keys are the schema's.
 */
function wrongType(schema: z.ZodType, value: unknown, path: string): WrongType | null {
  const { type, innerType, element, shape, out, in: first, options, valueType } = defOf(schema);
  if (value === undefined || type === 'any' || type === 'unknown') return null;
  if (type === 'nullable' && value === null) return null;
  if (innerType) return wrongType(innerType, value, path);
  if (type === 'union' && options) {
    const found = options.map((option) => wrongType(option, value, path));
    return found.every(Boolean) ? found[0]! : null;
  }
  if (type === 'pipe' && out && first) {
    // A preprocessed value has the type of its source; only what no source is can be told.
    if (defOf(first).type !== 'transform') return wrongType(first, value, path);
    if (value !== null && typeof value !== 'boolean') return null;
    return wrongType(out, value, path);
  }
  const at = (key: string | number): string => (path ? `${path}.${key}` : String(key));
  if (type === 'object' && shape && value !== null && typeof value === 'object') {
    const given = value as Record<string, unknown>;
    return firstOf(Object.entries(shape), ([key, part]) => wrongType(part, given[key], at(key)));
  }
  if (type === 'array' && element && Array.isArray(value)) {
    return firstOf(value.entries(), ([i, one]) => wrongType(element, one, at(i)));
  }
  if (type === 'record' && valueType && value !== null && typeof value === 'object') {
    const entries = Object.entries(value);
    return firstOf(entries, ([key, one]) => wrongType(valueType, one, at(key)));
  }
  const text = leafProblem(type, value);
  return text ? { path, value, text } : null;
}

/**
 * Refuses values of which a schema would make something that they do not say. `where` begins the
 * message.
 *
 * @throws usage error that names the setting, the value and what is wrong with it.
 */
export function refuseWrongTypes(schema: z.ZodType, given: unknown, where = ''): void {
  const wrong = wrongType(schema, given, '');
  if (!wrong) return;
  const { path, value, text } = wrong;
  throw usageError(`${where}${path || 'settings'} = ${JSON.stringify(value)}: ${text}`);
}

/** Settings by a schema. @throws usage error that names the setting, the value and what is expected. */
function parseSettings<S extends z.ZodType>(
  schema: S,
  given: Record<string, unknown>,
): z.output<S> {
  refuseWrongTypes(schema, given);
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const at = issue.path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key as PropertyKey],
    given,
  );
  const name = issue.path.join('.') || 'settings';
  throw usageError(`${name} = ${JSON.stringify(at)}: ${issue.message}`);
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
  return parseSettings(schema, { ...(file ? readConfigFile(file) : {}), ...given });
}
