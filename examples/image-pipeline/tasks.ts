/**
 * The steps of the image pipeline. Each takes pixels and gives pixels; `move` hands a result over to the caller instead of copying it.
 * They are plain functions: a test, or a program without a pool, calls them directly.
 */
import { move } from 'millrace/worker';

const BMP_HEADER_BYTES = 54;

/** Decodes a 24-bit BMP file, whose rows stand bottom-up, padded to 4 bytes, blue first. Returns RGB bytes, rows top-down. */
export function decode(bmp: Uint8Array): Uint8Array {
  const header = new DataView(bmp.buffer, bmp.byteOffset, BMP_HEADER_BYTES);
  if (header.getUint16(0) !== 0x424d || header.getUint16(28, true) !== 24) throw new RangeError('not a 24-bit BMP file');
  const width = header.getInt32(18, true);
  const height = header.getInt32(22, true);
  const rowBytes = Math.ceil((width * 3) / 4) * 4;
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    let from = BMP_HEADER_BYTES + (height - 1 - y) * rowBytes;
    for (let to = y * width * 3; to < (y + 1) * width * 3; to += 3, from += 3) {
      rgb[to] = bmp[from + 2] as number;
      rgb[to + 1] = bmp[from + 1] as number;
      rgb[to + 2] = bmp[from] as number;
    }
  }
  return move(rgb);
}

/** RGB bytes to one byte of luminance a pixel. */
export function toGray(rgb: Uint8Array): Uint8Array {
  const gray = new Uint8Array(rgb.length / 3);
  for (let pixel = 0; pixel < gray.length; pixel += 1) {
    const at = pixel * 3;
    gray[pixel] = (299 * (rgb[at] as number) + 587 * (rgb[at + 1] as number) + 114 * (rgb[at + 2] as number)) / 1000;
  }
  return move(gray);
}

/** Box blur: the mean of a line of pixels, first along the rows, then along the columns. */
export function blur(gray: Uint8Array, width: number, height: number, radius: number): Uint8Array {
  const rows = blurLines(gray, { lines: height, lineStep: width, length: width, step: 1 }, radius);
  return move(blurLines(rows, { lines: width, lineStep: 1, length: height, step: width }, radius));
}

/** Scales down: each pixel of the result is the mean of the rectangle it stands for. */
export function resize(gray: Uint8Array, width: number, height: number, newWidth: number, newHeight: number): Uint8Array {
  const small = new Uint8Array(newWidth * newHeight);
  for (let y = 0; y < newHeight; y += 1) {
    const [top, bottom] = [Math.floor((y * height) / newHeight), Math.floor(((y + 1) * height) / newHeight)];
    for (let x = 0; x < newWidth; x += 1) {
      const [left, right] = [Math.floor((x * width) / newWidth), Math.floor(((x + 1) * width) / newWidth)];
      let sum = 0;
      for (let row = top; row < bottom; row += 1) for (let at = row * width + left; at < row * width + right; at += 1) sum += gray[at] as number;
      small[y * newWidth + x] = sum / ((bottom - top) * (right - left));
    }
  }
  return move(small);
}

interface Lines {
  readonly lines: number;
  readonly lineStep: number;
  readonly length: number;
  readonly step: number;
}

/** Each pixel becomes the mean of its neighbours on its line, by a sum that slides along; pixels beyond an end count as the last one. */
function blurLines(from: Uint8Array, { lines, lineStep, length, step }: Lines, radius: number): Uint8Array {
  const to = new Uint8Array(from.length);
  for (let line = 0; line < lines; line += 1) {
    const start = line * lineStep;
    const pixel = (index: number): number => from[start + Math.min(length - 1, Math.max(0, index)) * step] as number;
    let sum = 0;
    for (let index = -radius; index <= radius; index += 1) sum += pixel(index);
    for (let index = 0; index < length; index += 1) {
      to[start + index * step] = sum / (2 * radius + 1);
      sum += pixel(index + radius + 1) - pixel(index - radius);
    }
  }
  return to;
}
