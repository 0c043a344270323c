import { z } from 'zod';
import { inputError } from '../common/errors.ts';
import { networkError } from './download.ts';
import { compareVersions, satisfies } from './requirement.ts';
import { chooseWheel, type Wanted, type WheelFile } from './wheel.ts';

const fileSchema = z.object({
  filename: z.string(),
  url: z.string(),
  size: z.number(),
  yanked: z.boolean().default(false),
  digests: z.object({ sha256: z.string() }),
});

const projectSchema = z.object({ releases: z.record(z.string(), z.array(fileSchema)) });

/** The package index's address: `CBED_PYPI`, or PyPI itself. */
export const indexAddress = (): string =>
  (process.env.CBED_PYPI ?? 'https://pypi.org').replace(/\/$/, '');

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
  requirement: Wanted,
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
