/** Pictures to work on: a pattern of its own for each seed, as a 24-bit BMP file. */

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly bmp: Uint8Array;
}

const HEADER_BYTES = 54;

export function draw(seed: number, width: number, height: number): Picture {
  const rowBytes = Math.ceil((width * 3) / 4) * 4;
  const bmp = new Uint8Array(HEADER_BYTES + rowBytes * height);
  writeHeader(new DataView(bmp.buffer), width, height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) bmp.set([x ^ (y * seed), (x * y) >> seed, x + y * seed], HEADER_BYTES + y * rowBytes + x * 3);
  }
  return { width, height, bmp };
}

function writeHeader(header: DataView, width: number, height: number): void {
  header.setUint16(0, 0x424d); // 'BM'
  header.setUint32(2, header.byteLength, true);
  header.setUint32(10, HEADER_BYTES, true);
  header.setUint32(14, 40, true); // length of what follows
  header.setInt32(18, width, true);
  header.setInt32(22, height, true);
  header.setUint16(26, 1, true);
  header.setUint16(28, 24, true); // bits a pixel
}
