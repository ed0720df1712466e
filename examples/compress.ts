/** Compresses and hashes every file of a folder in threads: what `millrace demo` does, as a program. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createPool } from 'millrace';

const folder = process.argv[2] ?? 'docs';
const entries = await readdir(folder, { recursive: true, withFileTypes: true });
const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));

const pool = createPool<typeof import('./compress/tasks.js')>(new URL('./compress/tasks.js', import.meta.url), { name: 'compress' });
const total = { files: 0, bytes: 0, gzip: 0, brotli: 0 };
for await (const file of pool.map('compress', paths, { ordered: false })) {
  total.files += 1;
  total.bytes += file.bytes;
  total.gzip += file.gzipBytes;
  total.brotli += file.brotliBytes;
}
await pool.close();

const share = (bytes: number): string => `${((100 * bytes) / total.bytes).toFixed(0)}%`;
console.log(`${total.files} files, ${total.bytes} bytes`);
console.log(`gzip ${share(total.gzip)}, brotli ${share(total.brotli)}`);

// prints:
// … files, … bytes
// gzip …%, brotli …%
