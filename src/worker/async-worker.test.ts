import { createAsyncWorker } from './async-worker.js';
import { workerContract } from './worker.contract.js';

workerContract('async', createAsyncWorker);
