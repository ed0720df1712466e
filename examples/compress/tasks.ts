/** Task functions for `examples/compress.ts`. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { context } from 'millrace/worker';

export interface Compressed {
  readonly path: string;
  readonly bytes: number;
  readonly gzipBytes: number;
  readonly brotliBytes: number;
  readonly sha256: string;
}

/** Hashes and compresses one file. The synchronous calls keep a worker busy, and only a worker. */
export async function compress(path: string): Promise<Compressed> {
  const content = await readFile(path);
  const gzipBytes = gzipSync(content).length;
  context().throwIfCancelled();
  const brotliBytes = brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }).length;
  return { path, bytes: content.length, gzipBytes, brotliBytes, sha256: createHash('sha256').update(content).digest('hex') };
}
