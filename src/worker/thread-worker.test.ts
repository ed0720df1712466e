import { createThreadWorker } from './thread-worker.js';
import { workerContract } from './worker.contract.js';

workerContract('thread', createThreadWorker);
