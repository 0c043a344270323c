import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import AdmZip from 'adm-zip';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { explainPip, findPip, pipDownload } from '../../src/engine/pip.ts';
import { machineOf } from '../../src/engine/wheel.ts';

const pip = await findPip();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gan-pip-'));
  vi.stubEnv('PIP_CONFIG_FILE', '/dev/null');
  vi.stubEnv('PIP_RETRIES', '1');
  vi.stubEnv('PIP_TIMEOUT', '5');
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** A wheel with nothing in it, for one Python and this machine. */
function emptyWheel(name: string): void {
  const [project, version] = name.split('-');
  const zip = new AdmZip();
  const info = `${project}-${version}.dist-info`;
  const head = `Metadata-Version: 2.1\nName: ${project}\nVersion: ${version}\n`;
  zip.addFile(`${info}/METADATA`, Buffer.from(head));
  zip.addFile(`${info}/WHEEL`, Buffer.from('Wheel-Version: 1.0\n'));
  zip.addFile(`${info}/RECORD`, Buffer.from(''));
  zip.writeZip(join(folder, name));
}

const request = (requirement: string) => ({
  requirements: [requirement],
  folder: join(folder, 'got'),
});

describe.skipIf(!pip)('pip', { timeout: 120_000 }, () => {
  it('brings a wheel of another Python, and leaves nothing else', async () => {
    const name = `some_library-1.2.3-cp313-cp313-manylinux_2_27_${machineOf(process.arch)}.whl`;
    emptyWheel(name);
    vi.stubEnv('PIP_NO_INDEX', '1');
    vi.stubEnv('PIP_FIND_LINKS', folder);
    const paths = await pipDownload(pip!, request('some-library==1.2.3'));
    expect(paths).toEqual([join(folder, 'got', name)]);
    expect(existsSync(paths[0]!)).toBe(true);
    expect(readdirSync(join(folder, 'got'))).toEqual([name]);
  });

  it('is quoted in one line when its index is out of reach', async () => {
    vi.stubEnv('PIP_INDEX_URL', 'http://127.0.0.1:9/simple');
    vi.stubEnv('PIP_EXTRA_INDEX_URL', '');
    vi.stubEnv('PIP_FIND_LINKS', '');
    await expect(pipDownload(pip!, request('some-library==1.2.3'))).rejects.toThrow(
      /^pip cannot reach its package index, so some-library==1\.2\.3 was not fetched \(check the network;.*\)$/,
    );
    vi.stubEnv('PIP_PROXY', 'http://127.0.0.1:9');
    vi.stubEnv('PIP_INDEX_URL', 'https://index.example/simple');
    await expect(pipDownload(pip!, request('some-library==1.2.3'))).rejects.toThrow(
      /^pip could not reach its index through the proxy.*\(check HTTPS_PROXY\)$/,
    );
  });
});

describe("pip's complaints", () => {
  it.each([
    [
      'ERROR: No matching distribution found for x==9',
      /^pip found no wheel of x==9 \(check --tensorflow/,
    ],
    [
      'ERROR: Could not install packages: [Errno 28] No space left on device',
      /^pip filled the disk/,
    ],
    [
      "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] self-signed'))",
      /PIP_CERT/,
    ],
    ['ERROR: Something new\nmore', /^pip could not fetch x==9: ERROR: Something new$/],
  ])('%s', (output, expected) => {
    expect(explainPip(output, 'x==9').message).toMatch(expected);
  });
});
