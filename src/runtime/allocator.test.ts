import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

/** Page faults of a block of 8 MB, after one like it has been freed, which glibc had got from the system for itself. */
const PROGRAM = `
  const { keepFreedMemory } = await import(${JSON.stringify(new URL('./allocator.js', import.meta.url).href)});
  const { MessageChannel } = await import('node:worker_threads');
  if (process.argv[1] === 'keep') keepFreedMemory();
  // It is freed when the event loop has closed the port.
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  let faults = 0;
  for (let round = 0; round < 2; round += 1) {
    const before = process.resourceUsage().minorPageFault;
    const bytes = new Uint8Array(8 << 20);
    for (let at = 0; at < bytes.length; at += 4_096) bytes[at] = 1;
    faults = process.resourceUsage().minorPageFault - before;
    const { port1, port2 } = new MessageChannel();
    port2.postMessage(0, [bytes.buffer]);
    const closed = new Promise((resolve) => port2.on('message', () => {}).once('close', resolve));
    port1.close();
    await closed;
  }
  console.log(faults);`;

/** Of 64 KB in 8 MB. */
const PAGES_MIN = 100;

async function faults(...args: string[]): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', PROGRAM, ...args], { timeout: 60_000 });
  return Number(stdout);
}

const isGlibc = process.platform === 'linux' && 'glibcVersionRuntime' in (process.report.getReport() as unknown as { header: object }).header;

test('memory of large buffers is used again instead of given back', { skip: isGlibc ? false : 'another C library' }, async (t) => {
  const plain = await faults();
  const kept = await faults('keep');
  if (plain < PAGES_MIN) return t.skip('pages are so large that there is nothing to see');
  assert.ok(kept < plain / 4, `${kept} instead of ${plain}`);
});
