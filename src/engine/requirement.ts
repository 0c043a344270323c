/** A line of a wheel's METADATA such as `nvidia-cudnn-cu12<10.0,>=9.3.0.75; extra == "and-cuda"`. */
export interface Requirement {
  project: string;
  /** Comma-separated clauses, '' for any version. */
  specifier: string;
  /** The extra that asks for it, or null when it always applies. */
  extra: string | null;
}

export function parseRequirement(line: string): Requirement {
  const [needed = '', marker = ''] = line.split(';');
  const match = /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*\(?([^)]*)\)?\s*$/.exec(needed);
  if (!match) throw new TypeError(`"${line}" is no requirement`);
  const extra = /extra\s*==\s*["']([^"']+)["']/.exec(marker)?.[1] ?? null;
  return { project: match[1]!, specifier: match[2]!.replaceAll(' ', ''), extra };
}

/** The requirements of an extra, in a wheel's METADATA. */
export const requirementsOf = (metadata: string, extra: string): Requirement[] =>
  [...metadata.matchAll(/^Requires-Dist: (.+)$/gm)]
    .map((line) => parseRequirement(line[1]!))
    .filter((requirement) => requirement.extra === extra);

const isFinal = (version: string): boolean => /^\d+(\.\d+)*(\.post\d+)?$/.test(version);

// 1.2.post3 becomes 1, 2, -1, 3: a post-release stands above its release, below the next one.
const partsOf = (version: string): number[] =>
  version.replace('.post', '.-1.').split('.').map(Number);

/** Negative, zero or positive as `a` is older than, equal to or newer than `b`. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [partsOf(a), partsOf(b)];
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const difference = (x[i] ?? (y[i] === -1 ? -2 : 0)) - (y[i] ?? (x[i] === -1 ? -2 : 0));
    if (difference !== 0) return difference;
  }
  return 0;
}

const CLAUSES: Record<string, (order: number) => boolean> = {
  '==': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<=': (order) => order <= 0,
  '>=': (order) => order >= 0,
  '<': (order) => order < 0,
  '>': (order) => order > 0,
};

/** Whether a final release satisfies every clause of a specifier; pre-releases never do. */
export function satisfies(version: string, specifier: string): boolean {
  if (!isFinal(version)) return false;
  return specifier
    .split(',')
    .filter(Boolean)
    .every((clause) => {
      const [, operator = '', bound = ''] = /^(==|!=|<=|>=|<|>)(.+)$/.exec(clause) ?? [];
      const test = CLAUSES[operator];
      if (!test) throw new TypeError(`"${clause}" is no version clause`);
      return test(compareVersions(version, bound));
    });
}
