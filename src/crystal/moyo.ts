import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { MoyoSetting } from '@spglib/moyo-wasm';
import * as moyo from '@spglib/moyo-wasm';

import type { Operation } from './operation.ts';

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

// Tabulated translations are multiples of 1/24; the library gives 0.33333333333333326.
const wrapTranslation = (t: number): number => (((Math.round(t * 24) % 24) + 24) % 24) / 24;

/** The operations of a space group in one setting of its conventional cell, centring included. */
export const tabulatedOperations = (spaceGroup: number, setting: MoyoSetting): Operation[] =>
  symmetryLibrary()
    .operations_from_number(spaceGroup, setting, false)
    .map(({ rotation: r, translation: t }) => ({
      rotation: [r[0], r[3], r[6], r[1], r[4], r[7], r[2], r[5], r[8]],
      translation: [wrapTranslation(t[0]), wrapTranslation(t[1]), wrapTranslation(t[2])],
    }));
