/** Runs in a thread: imports the module named by `workerData` and posts the names of the functions it exports. */
import { parentPort, workerData } from 'node:worker_threads';

const exported = (await import(workerData as string)) as Record<string, unknown>;
const names = Object.keys(exported).filter((name) => typeof exported[name] === 'function');
parentPort?.postMessage(names, []);
