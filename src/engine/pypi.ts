import * as pep440 from '@renovatebot/pep440';
import { z } from 'zod';
import { inputError } from '../common/errors.ts';
import { networkError } from './download.ts';
import { chooseWheel, type WantedWheel, type WheelFile } from './wheel.ts';

/** A line of a wheel's METADATA such as `nvidia-cudnn-cu12<10.0,>=9.3.0.75; extra == "and-cuda"`. */
export interface Requirement extends WantedWheel {
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

/** Negative, zero or positive as `a` is older than, equal to or newer than `b` (PEP 440). */
export const compareVersions = (a: string, b: string): number => pep440.compare(a, b);

const isFinal = (version: string): boolean => {
  const parts = pep440.explain(version);
  return parts !== null && !parts.is_prerelease && !parts.is_devrelease;
};

/** Whether a final release satisfies every clause of a specifier; pre-releases never do. */
export function satisfies(version: string, specifier: string): boolean {
  return isFinal(version) && (specifier === '' || pep440.satisfies(version, specifier));
}

const fileSchema = z.object({
  filename: z.string(),
  url: z.string(),
  size: z.number(),
  yanked: z.boolean().default(false),
  digests: z.object({ sha256: z.string() }),
});

const projectSchema = z.object({ releases: z.record(z.string(), z.array(fileSchema)) });

/** The package index's address: `CBED_PYPI`, or PyPI itself. */
const indexAddress = (): string => (process.env.CBED_PYPI ?? 'https://pypi.org').replace(/\/$/, '');

async function releasesOf(project: string): Promise<Record<string, WheelFile[]>> {
  const url = `${indexAddress()}/pypi/${project}/json`;
  let answer: unknown;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(60_000) });
    if (!response.ok) throw inputError(`${url} answered ${response.status}`);
    answer = await response.json();
  } catch (error) {
    throw networkError(url, error);
  }
  const parsed = projectSchema.safeParse(answer);
  if (!parsed.success) throw inputError(`${url} did not answer as a PyPI index does`);
  return Object.fromEntries(
    Object.entries(parsed.data.releases).map(([version, files]) => [
      version,
      files
        .filter((file) => !file.yanked)
        .map(({ filename, url, size, digests }) => ({
          name: filename,
          url: new URL(url, `${indexAddress()}/`).href,
          sha256: digests.sha256,
          bytes: size,
        })),
    ]),
  );
}

/**
 * The newest wheel on the index that satisfies a requirement and runs on this machine.
 *
 * @throws input error that lists the newest versions when there is none.
 */
export async function findWheel(
  requirement: WantedWheel,
  arch: NodeJS.Architecture,
): Promise<WheelFile> {
  const { project, specifier } = requirement;
  const releases = await releasesOf(project);
  const newestFirst = Object.keys(releases)
    .filter((version) => satisfies(version, ''))
    .sort((a, b) => compareVersions(b, a));
  for (const version of newestFirst.filter((name) => satisfies(name, specifier))) {
    const wheel = chooseWheel(releases[version]!, arch);
    if (wheel) return wheel;
  }
  throw inputError(
    `${indexAddress()} has no wheel of ${project}${specifier} for Linux on ${arch}`,
    `its newest versions: ${newestFirst.slice(0, 4).join(', ') || 'none'}`,
  );
}
