/**
 * One build at a time in one working copy: a lock file that holds the process id of its owner.
 * An owner that died without releasing is found by its id.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure, root } from './process.mjs';

const path = `${root}/build/.lock`;
const WAIT_MS_MAX = 600_000;

/** Runs `action` while no other process of this working copy builds. */
export async function withLock(action) {
  mkdirSync(`${root}/build`, { recursive: true });
  await acquire();
  const release = () => rmSync(path, { force: true });
  process.on('exit', release);
  try {
    return await action();
  } finally {
    process.off('exit', release);
    release();
  }
}

async function acquire() {
  const giveUpAt = Date.now() + WAIT_MS_MAX;
  let said = false;
  while (!tryCreate()) {
    const owner = readOwner();
    if (owner !== undefined && !isAlive(owner)) {
      removeStale(owner);
      continue;
    }
    if (Date.now() > giveUpAt) throw new Failure(`build/.lock is held by process ${owner} for more than ${WAIT_MS_MAX / 60_000} minutes; end that process`);
    if (!said && owner !== undefined) console.error(`waiting for the build of process ${owner}`);
    said ||= owner !== undefined;
    await delay(50);
  }
}

function tryCreate() {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** The id of the owner; `undefined` when the lock is gone or not written yet. */
function readOwner() {
  try {
    return Number.parseInt(readFileSync(path, 'utf8'), 10) || undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Moves the lock aside before it is removed, and puts it back if another process took it over between the look and the move. */
function removeStale(owner) {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (Number.parseInt(readFileSync(aside, 'utf8'), 10) === owner) rmSync(aside);
    else renameSync(aside, path);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}
