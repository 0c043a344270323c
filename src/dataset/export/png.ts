import { join } from 'node:path';
import { writeAtomic } from '../../common/files.ts';
import type { Camera } from '../../simulate/camera.ts';
import type { SampleFacts } from '../../simulate/sample.ts';
import { manifestText } from '../import/manifest.ts';
import { type Exporter, newFile, planExport } from './exporter.ts';

/**
 * Writes stored triplets as grey levels, one 8-bit PNG a pattern, and the manifest `NAME.csv`, which
 * `gan data import` reads back: at the same size and field it gives the stored pixels.
 *
 * @returns the manifest, then the pictures.
 * @throws a usage error where `size` is no multiple of the stored size; or where a file
 *   stands there already.
 */
export const exportPng: Exporter = async (folder, name, rows, options) => {
  const { default: sharp } = await import('sharp');
  const { camera, bar, lists } = planExport(name, rows, options);
  const stored = options.camera.size;
  const manifest = newFile(join(folder, `${name}.csv`));
  const written: { files: string[]; facts: SampleFacts; camera: Camera }[] = [];
  const paths: string[] = [];
  for (const list of lists) {
    for (const { key, facts, pixels } of list) {
      const plain = `${name}/${key.replace(/[^\w.-]/g, '_').slice(0, 120)}`;
      const files = [1, 2, 3].map((pattern) => `${plain}_${pattern}.png`);
      for (const [pattern, file] of files.entries()) {
        const grey = pixels.filter((_, i) => i % 3 === pattern);
        const image = sharp(grey, { raw: { width: stored, height: stored, channels: 1 } });
        const picture = image.resize(camera.size, camera.size, { kernel: 'nearest' });
        const path = newFile(join(folder, file));
        writeAtomic(path, await picture.toColourspace('b-w').png().toBuffer());
        paths.push(path);
      }
      written.push({ files, facts, camera });
      bar.advance();
    }
  }
  writeAtomic(manifest, manifestText(written));
  bar.done();
  return [manifest, ...paths];
};
