/** Puts the benchmark's own dependencies in place, and links `millrace` to the package this folder belongs to, so that it is imported by its name. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const root = fileURLToPath(new URL('..', import.meta.url));
const modules = join(root, 'node_modules');
const link = join(modules, 'millrace');
const INSTALL_LIMIT_MS = 120_000;

/** Installs what is missing. Offline after the first time: what is there in the right version is left alone. */
export function installDependencies() {
  const missing = Object.entries(packageOf(root).dependencies).filter(([name, version]) => versionOf(name) !== version);
  if (missing.length > 0) {
    console.log(`bench: installing ${missing.map(([name, version]) => `${name} ${version}`).join(', ')}`);
    const { status } = spawnSync('npm', ['ci', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: 'inherit',
      shell: process.platform === 'win32',
      timeout: INSTALL_LIMIT_MS,
    });
    if (status !== 0) throw new Error('bench: `npm ci` failed in bench/; the first run needs the registry');
  }
  linkMillrace();
}

/** The installed version of a package, undefined when there is none. */
export function versionOf(name) {
  const folder = join(modules, name);
  return existsSync(join(folder, 'package.json')) ? packageOf(folder).version : undefined;
}

/** Whether the linked package has been built. */
export function millraceIsBuilt() {
  return existsSync(join(link, 'dist', 'index.js'));
}

function linkMillrace() {
  if (existsSync(link)) return;
  mkdirSync(modules, { recursive: true });
  rmSync(link, { force: true });
  if (process.platform === 'win32') symlinkSync(join(root, '..'), link, 'junction');
  else symlinkSync(join('..', '..'), link);
}

function packageOf(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}
