import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, test } from 'node:test';
import { INSPECTABLE } from './inspectable.js';
import { inspectProcess } from './process-inspector.js';
import { askStack } from './questions.js';
import type { ScriptStack } from './questions.js';

const LIMIT_MS = 60_000;
const onLinux = { timeout: 180_000, skip: process.platform !== 'linux' && 'only on Linux' };

async function withChild(code: string, body: (child: ChildProcess, pid: number) => Promise<void>): Promise<void> {
  const child = spawn(process.execPath, [...INSPECTABLE, '-e', `process.stdout.write('up'); ${code}`], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  // What is not read would block it in the end.
  child.stderr?.resume();
  try {
    await new Promise((resolve) => {
      child.stdout?.once('data', resolve);
    });
    await body(child, child.pid as number);
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

async function stackOf(pid: number): Promise<ScriptStack | undefined> {
  const connection = await inspectProcess(pid, LIMIT_MS);
  assert.ok(connection !== undefined);
  try {
    return await askStack(connection, LIMIT_MS);
  } finally {
    connection.close();
  }
}

/** Whether the process listens on any port. */
function listens(pid: number): boolean {
  return sockets(pid, '0A') > 0;
}

/** Connections of the process that neither side has closed. */
function connections(pid: number): number {
  return sockets(pid, '01');
}

/** How many sockets of the process are in that state of TCP. */
function sockets(pid: number, state: string): number {
  const inodes = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return /socket:\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
    } catch {
      return undefined;
    }
  });
  const rows = readFileSync(`/proc/${pid}/net/tcp`, 'latin1').split('\n');
  return rows.map((row) => row.trim().split(/\s+/)).filter((fields) => fields[3] === state && inodes.includes(fields[9] as string)).length;
}

/** Whether we stay connected until a child that takes its time to close has closed. */
async function isLeftByTheChild(): Promise<boolean> {
  // Closes when it is told to on stdin, not as soon as it can.
  const holdsOn = `globalThis.setImmediate = (close) => { process.stdin.once('data', close); process.stdout.write('held'); }; process.stdin.resume()`;
  let connected = 0;
  await withChild(holdsOn, async (child, pid) => {
    const held = new Promise((resolve) => {
      child.stdout?.once('data', resolve);
    });
    await stackOf(pid);
    await held;
    // By the answer to a second question what was done after that to the first is done.
    const second = await inspectProcess(pid, LIMIT_MS);
    assert.ok(second !== undefined);
    await askStack(second, LIMIT_MS);
    connected = connections(pid);
    child.stdin?.write('x');
    await until(() => !listens(pid));
    second.close();
  });
  return connected === 2;
}

async function until(condition: () => boolean): Promise<void> {
  // Not in every turn: each look reads a good part of /proc, and the child needs the core too.
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('the inspector of a process', onLinux, () => {
  test('shows an endless loop as often as it is asked', async () => {
    await withChild('(function spin() { for (;;); })()', async (_child, pid) => {
      for (let look = 0; look < 4; look += 1) assert.match((await stackOf(pid))?.frames[0] ?? '', /^at spin /);
    });
  });

  test('is closed again when the event loop turns', async () => {
    await withChild('setInterval(() => undefined, 1_000)', async (_child, pid) => {
      for (let look = 0; look < 3; look += 1) {
        await stackOf(pid);
        await until(() => !listens(pid));
      }
    });
  });

  test('is left by the child, not by us: it may die of a client that leaves while it closes', async () => {
    // On a slow machine we may have given up waiting.
    let isLeft = false;
    for (let look = 0; look < 10 && !isLeft; look += 1) isLeft = await isLeftByTheChild();
    assert.ok(isLeft);
  });

  test('that opens late, after a native call, does not stay open', async () => {
    await withChild(
      `require('node:child_process').execFileSync('head', ['-c1'], { stdio: 'inherit' }); setInterval(() => undefined, 1_000)`,
      async (child, pid) => {
        await until(() => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8') !== '');
        assert.equal(await inspectProcess(pid, 0), undefined);
        // The native call holds the signal back; then the inspector opens, and whoever has asked comes to have it closed.
        const attached = new Promise((resolve) => {
          child.stderr?.on('data', (text: Buffer) => text.includes('attached') && resolve(text));
        });
        child.stdin?.write('x');
        await attached;
        await until(() => !listens(pid));
      },
    );
  });

  test('is not asked of a process that has no handler for the signal, which would end it', async () => {
    const child = spawn('sleep', ['60']);
    try {
      await assert.rejects(inspectProcess(child.pid as number, LIMIT_MS), { code: 'ERR_INSPECTOR', message: /does not take SIGUSR1/ });
      assert.equal(child.exitCode ?? child.signalCode, null);
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('is not waited for where the process is stopped, or gone', async () => {
    await withChild('setInterval(() => undefined, 1_000)', async (child, pid) => {
      child.kill('SIGSTOP');
      await until(() => /^State:\s*T/m.test(readFileSync(`/proc/${pid}/status`, 'latin1')));
      await assert.rejects(inspectProcess(pid, LIMIT_MS), { code: 'ERR_INSPECTOR', message: /stopped by a signal/ });
    });
    await assert.rejects(inspectProcess(2 ** 30, LIMIT_MS), { code: 'ERR_INSPECTOR', message: /no process/ });
  });
});
