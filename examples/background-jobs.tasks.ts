/** Jobs of a small shop: some take their time, some fail, some fail for ever until somebody acts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { context, defineTask } from 'millrace/worker';

const closedAccounts = new Set(['carol']);

/** The mail server is down for the first two attempts. Its own defaults stand with the function: three attempts, 20 ms between them. */
export const sendMail = defineTask({ retry: { attempts: 3, backoff: 20 } }, (to: string): string => {
  const { attempt } = context();
  if (attempt < 3) throw new Error(`mail server is down (attempt ${attempt})`);
  return `mail to ${to} sent`;
});

export const charge = defineTask({ retry: 2 }, (account: string, amount: number): string => {
  if (closedAccounts.has(account)) throw Object.assign(new Error(`account ${account} is closed`), { code: 'E_CLOSED', retryable: false });
  return `${account} paid ${amount}`;
});

export function openAccount(account: string): void {
  closedAccounts.delete(account);
}

export function remind(text: string): string {
  return `reminder: ${text}`;
}

/** Tells how far it is, and ends early when it is told to stop. */
export async function report(pages: number): Promise<string> {
  const task = context();
  for (let page = 1; page <= pages; page += 1) {
    await sleep(1, undefined, { signal: task.signal });
    task.progress(`page ${page} of ${pages}`);
  }
  return `report of ${pages} pages`;
}
