/**
 * The development dependencies, installed when they are not what the lock file says. npm writes down what it installed in
 * `node_modules/.package-lock.json`, at the very end: comparing that with the lock needs no stamp of our own, and an install that was
 * cut short is repeated.
 */
import { readFileSync } from 'node:fs';
import { Failure, npmCommand, root, runInherited } from './process.mjs';

/** Runs `npm ci` unless what is installed equals the lock file. */
export async function ensureInstalled() {
  if (isInstalled()) return;
  console.error('installing development dependencies (npm ci)');
  const args = ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--include=dev', '--include=optional', '--ignore-scripts', '--loglevel=error'];
  const [command, commandArgs] = npmCommand(args);
  const code = await runInherited(command, commandArgs);
  if (code !== 0) throw new Failure(`npm ci failed with exit code ${code}`, code);
}

function isInstalled() {
  const wanted = readPackages(`${root}/package-lock.json`);
  if (wanted === undefined) throw new Failure('package-lock.json is missing; restore it from version control');
  const installed = readPackages(`${root}/node_modules/.package-lock.json`);
  if (installed === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const found = installed[path];
    // Optional packages of other platforms are in the lock and not in the folder.
    return found === undefined ? entry.optional === true : found.version === entry.version && found.integrity === entry.integrity;
  });
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}
