import { createHash } from 'node:crypto';
import { isTable } from './table.ts';

/** JSON with object keys sorted at every depth, so that equal values have equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isTable(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** SHA-256 of bytes, or of the canonical JSON of any other value, in hexadecimal. */
export function digestOf(value: unknown): string {
  const hash = createHash('sha256');
  if (ArrayBuffer.isView(value)) {
    hash.update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  } else {
    hash.update(canonicalJson(value));
  }
  return hash.digest('hex');
}
