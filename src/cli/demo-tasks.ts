/** The task module of `millrace demo`. `examples/compress` is the same work as a program of your own. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** Best quality that is still quick; 11 would take some twenty times as long. */
const BROTLI_QUALITY = 5;

export interface CompressedFile {
  readonly bytes: number;
  readonly gzipBytes: number;
  readonly brotliBytes: number;
  readonly sha256: string;
  /** Time it took, reading included. */
  readonly ms: number;
}

/** Reads, hashes and compresses one file, all of it synchronously: what a worker is for. */
export function compress(path: string): CompressedFile {
  const startedAt = performance.now();
  const content = readFileSync(path);
  const brotliBytes = brotliCompressSync(content, {
    params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
  }).length;
  return {
    bytes: content.length,
    gzipBytes: gzipSync(content).length,
    brotliBytes,
    sha256: createHash('sha256').update(content).digest('hex'),
    ms: performance.now() - startedAt,
  };
}
