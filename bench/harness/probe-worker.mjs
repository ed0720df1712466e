/** A thread of `coresFree`: does a fixed amount of work whenever it is told to. */
import { parentPort, workerData } from 'node:worker_threads';
import { work } from '../tasks/functions.mjs';

parentPort.on('message', () => parentPort.postMessage(work(workerData), []));
