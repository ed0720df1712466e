/** The door `millrace/testing`: for tests of programs that use a pool. */
export { createInlinePool } from './inline-pool.js';
export type { InlinePoolOptions } from './inline-pool.js';
export { createTestPool } from './test-pool.js';
export type { TestPoolOptions } from './test-pool.js';
export { FaultPlan } from './fault-plan.js';
export type { Fault, FaultKind, FaultWhen, HeldFault, Strike } from './fault-plan.js';
export { Gate } from './gate.js';
export { ManualClock } from '../runtime/manual-clock.js';
