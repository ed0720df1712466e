/** Runs the fixture program with one worker, for tests of what a worker does to its process and the other way round. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface HostProcess {
  readonly child: ChildProcess;
  /** Resolves when the program and all processes that share its output are gone. */
  readonly gone: Promise<{ readonly code: number | null; readonly output: string }>;
}

/** Resolves when its worker has done its first task. */
export async function startHost(kind: 'thread' | 'process', mode: 'idle' | 'stay', execArgv: readonly string[] = []): Promise<HostProcess> {
  const script = fileURLToPath(new URL('./fixtures/host-script.js', import.meta.url));
  const child = spawn(process.execPath, [...execArgv, script, kind, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  const ready = new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('\n')) resolve();
    });
  });
  const gone = once(child, 'close').then(([code]) => ({ code: code as number | null, output }));
  await Promise.race([ready, gone.then(() => Promise.reject(new Error('the program ended before its worker was ready')))]);
  return { child, gone };
}
