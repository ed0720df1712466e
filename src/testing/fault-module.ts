/** The task module of a pool with faults: all that the user's module exports, and the functions that faults call in place of it. */
import type { FaultKind } from './fault-plan.js';

const FUNCTIONS = new URL('./entry/fault-functions.js', import.meta.url);

/** Name under which workers export the function of a fault. No function of a user's has one like it. */
export function faultFunction(kind: FaultKind | ''): string {
  return `millrace:${kind}`;
}

/** The URL of a module that exports what `moduleUrl` exports, and the functions of faults. */
export function withFaultFunctions(moduleUrl: string): string {
  const target = JSON.stringify(moduleUrl);
  const faults = ['crash', 'hang', 'oom'].map((kind) => `${kind} as ${JSON.stringify(faultFunction(kind as FaultKind))}`);
  const text = [
    `export * from ${target};`,
    `import * as module from ${target};`,
    // Not exported by the star. `undefined` is no task function.
    'const { default: own } = module;',
    'export { own as default };',
    `export { ${faults.join(', ')} } from ${JSON.stringify(FUNCTIONS.href)};`,
  ];
  return `data:text/javascript,${encodeURIComponent(text.join('\n'))}`;
}
