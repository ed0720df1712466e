/** What the web server of the example has to compute for a request. */

/** The Mandelbrot set as bytes, one a pixel: the number of steps until a point escapes. Plain CPU work. */
export function mandelbrot(width: number, height: number, stepsMax: number): Uint8Array {
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) pixels[y * width + x] = escapeSteps((3 * x) / width - 2.25, (2.5 * y) / height - 1.25, stepsMax);
  }
  return pixels;
}

function escapeSteps(re: number, im: number, stepsMax: number): number {
  let [zRe, zIm, step] = [0, 0, 0];
  while (step < stepsMax && zRe * zRe + zIm * zIm < 4) {
    [zRe, zIm] = [zRe * zRe - zIm * zIm + re, 2 * zRe * zIm + im];
    step += 1;
  }
  return step;
}
