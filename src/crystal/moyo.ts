import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as moyo from '@spglib/moyo-wasm';

let ready = false;

/**
 * The symmetry library (moyo, a relative of spglib, as WebAssembly): loaded on first use, about
 * 15 ms. Its 3 x 3 arrays are column-major.
 */
export function symmetryLibrary(): typeof moyo {
  if (!ready) {
    const path = createRequire(import.meta.url).resolve('@spglib/moyo-wasm/moyo_wasm_bg.wasm');
    moyo.initSync({ module: readFileSync(path) });
    ready = true;
  }
  return moyo;
}
