/** The door `millrace/worker`: what task modules import. */
import { markContextImported } from '../task/context.js';

markContextImported();

export { context } from '../task/context.js';
export type { TaskContext, TaskLog } from '../task/context.js';
export { defineTask, defineWorker } from '../task/define-task.js';
export type { WorkerDefinition, WorkerStartInfo } from '../task/define-task.js';
export { fork, join } from './fork.js';
export type { Fork, JoinResults } from './fork.js';
export { move } from '../transport/move.js';
