/** What every worker does once before its first task and once after its last. */
import { context, defineWorker } from 'millrace/worker';

let prefix: string | undefined;

export const worker = defineWorker({
  start({ workerData }) {
    prefix = (workerData as { readonly prefix: string }).prefix; // open a connection here
  },
  stop() {
    prefix = undefined; // and close it here
  },
  healthCheck: () => prefix !== undefined,
});

export function label(text: string): string {
  return `${prefix}${text} (${context().workerId})`;
}
