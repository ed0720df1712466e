/** Runs a function once on every worker: past the queue, past the concurrency, in worker order. */
import type { Fleet } from './fleet.js';
import type { Member } from './member.js';
import type { PoolTask } from './pool-task.js';

/** Creates the task for one member and sends it, or leaves it to be sent when the member is ready. */
export type SendDirect = (member: Member) => PoolTask;

export async function broadcast(fleet: Fleet, send: SendDirect): Promise<unknown[]> {
  const members = [...fleet.members].filter((member) => member.state !== 'draining' && member.state !== 'dead');
  const outcomes = await Promise.allSettled(members.map((member) => send(member).result));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return outcomes.map((outcome) => (outcome as PromiseFulfilledResult<unknown>).value);
}
