import { buildPackage, buildTests } from './build.mjs';
import { ensureInstalled } from './install.mjs';
import { withLock } from './lock.mjs';

/** Installs and builds as far as `level` asks for: `install` < `package` < `tests`. Two invocations at once wait for each other. */
export function prepare(level) {
  return withLock(async () => {
    await ensureInstalled();
    if (level !== 'install') await buildPackage();
    if (level === 'tests') await buildTests();
  });
}
