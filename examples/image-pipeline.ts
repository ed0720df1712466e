/**
 * An image pipeline: BMP files are decoded, turned gray, blurred and scaled down. The pictures go through the steps side by side, and their pixels are
 * moved from thread to thread, never copied.
 */
import { createHash } from 'node:crypto';
import { createPool, move } from 'millrace';
import { draw } from './image-pipeline/draw.js';
import type { Picture } from './image-pipeline/draw.js';
import * as steps from './image-pipeline/tasks.js';

const pool = createPool<typeof steps>(new URL('./image-pipeline/tasks.js', import.meta.url), { name: 'images' });

// #region pipeline
async function thumbnail({ bmp, width, height }: Picture): Promise<Uint8Array> {
  const rgb = await pool.run('decode', move(bmp));
  const gray = await pool.run('toGray', move(rgb));
  const soft = await pool.run('blur', move(gray), width, height, 4);
  return pool.run('resize', move(soft), width, height, 80, 60);
}
// #endregion

function thumbnailHere({ bmp, width, height }: Picture): Uint8Array {
  return steps.resize(steps.blur(steps.toGray(steps.decode(bmp)), width, height, 4), width, height, 80, 60);
}

function checksum(pixels: Uint8Array): string {
  return createHash('sha256').update(pixels).digest('hex').slice(0, 12);
}

const seeds = [1, 2, 3, 4, 5, 6];
const pictures = seeds.map((seed) => draw(seed, 640, 480));
const thumbnails = await Promise.all(pictures.map(thumbnail));

for (const [index, pixels] of thumbnails.entries()) console.log(`picture ${seeds[index]}: 640x480 -> 80x60, ${checksum(pixels)}`);
const same = seeds.every((seed, index) => checksum(thumbnailHere(draw(seed, 640, 480))) === checksum(thumbnails[index] as Uint8Array));
console.log(`the same as without a pool: ${same}`);
console.log(`bytes of the input left on this side: ${pictures.reduce((sum, { bmp }) => sum + bmp.byteLength, 0)}`);

await pool.close();

// prints:
// picture 1: 640x480 -> 80x60, 905557a2bf23
// picture 2: 640x480 -> 80x60, 949c01bd5a09
// picture 3: 640x480 -> 80x60, 01d38635eba7
// picture 4: 640x480 -> 80x60, 8eea2d20c6b1
// picture 5: 640x480 -> 80x60, 4c5c61797e83
// picture 6: 640x480 -> 80x60, 66c779f5d5e7
// the same as without a pool: true
// bytes of the input left on this side: 0
