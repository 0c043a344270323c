import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import AdmZip from 'adm-zip';
import { linkedTensorflow } from '../../../src/engine/binding.ts';

/** An empty shared library of a name, followed by `padding` zeros. */
export function emptyLibrary(name: string, padding = 0): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'gan-library-'));
  try {
    const source = join(folder, 'empty.cc');
    writeFileSync(source, '');
    const target = join(folder, name);
    execFileSync('g++', ['-shared', '-fPIC', source, `-Wl,-soname,${name}`, '-o', target]);
    return Buffer.concat([readFileSync(target), Buffer.alloc(padding)]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The real headers, from the TensorFlow that this checkout uses. */
function headers(): Record<string, Buffer> {
  const root = join(linkedTensorflow()!, 'include');
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return Object.fromEntries(
    names
      .filter((name) => name.endsWith('.h'))
      .map((name) => [`tensorflow/include/${name}`, readFileSync(join(root, name))]),
  );
}

function pack(path: string, members: Record<string, Buffer | string>): void {
  const zip = new AdmZip();
  for (const [name, content] of Object.entries(members)) zip.addFile(name, Buffer.from(content));
  zip.writeZip(path);
}

export interface StandIn {
  path: string;
  name: string;
  sha256: string;
}

const standIn = (
  folder: string,
  name: string,
  members: Record<string, Buffer | string>,
): StandIn => {
  const path = join(folder, name);
  pack(path, members);
  return { path, name, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') };
};

/**
 * A wheel that is TensorFlow's in everything but its libraries, which are empty: real headers,
 * real layout, real metadata. The binding compiles against it; it cannot run.
 */
export function tensorflowWheel(folder: string, name: string, padding = 0): StandIn {
  const [project, version] = name.split('-');
  return standIn(folder, name, {
    'tensorflow/libtensorflow_framework.so.2': emptyLibrary('libtensorflow_framework.so.2'),
    'tensorflow/libtensorflow_cc.so.2': emptyLibrary('libtensorflow_cc.so.2', padding),
    'tensorflow/python/unneeded.so': 'not unpacked',
    ...headers(),
    [`${project}-${version}.dist-info/METADATA`]: [
      'Metadata-Version: 2.4',
      `Name: ${project}`,
      `Version: ${version}`,
      'Requires-Dist: numpy>=1.26.0',
      'Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"',
      '',
    ].join('\n'),
    [`${project}-${version}.dist-info/WHEEL`]: 'Wheel-Version: 1.0\nRoot-Is-Purelib: false\n',
    [`${project}-${version}.dist-info/RECORD`]: '',
  });
}

/** A wheel of one of NVIDIA's libraries, with empty libraries of their real names. */
export function nvidiaWheel(folder: string, name: string, libraries: string[]): StandIn {
  const [project, version] = name.split('-');
  const part = project!.replace(/^nvidia_/, '').replace(/_cu12$/, '');
  const info = `${project}-${version}.dist-info`;
  return standIn(folder, name, {
    ...Object.fromEntries(
      libraries.map((library) => [`nvidia/${part}/lib/${library}`, emptyLibrary(library)]),
    ),
    [`nvidia/${part}/include/unneeded.h`]: '',
    [`${info}/METADATA`]: `Metadata-Version: 2.4\nName: ${project}\nVersion: ${version}\n`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nRoot-Is-Purelib: false\n',
    [`${info}/RECORD`]: '',
  });
}
