import { createProcessWorker } from './process-worker.js';
import { workerContract } from './worker.contract.js';

workerContract('process', createProcessWorker);
