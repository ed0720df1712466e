/** A mixed load that goes on while faults strike: as many clients as the pool has slots and some more, each with one task at a time. */
import type { Ledger, Order } from './ledger.js';
import type { Episode } from './plan.js';
import { Chance } from './random.js';

export interface Load {
  /** No more submissions from now on. */
  stop(): void;
  /** Resolves when what was submitted has settled. */
  readonly ended: Promise<void>;
}

export function keepLoaded(ledger: Ledger, { seed, size, concurrency }: Episode): Load {
  const chance = new Chance(seed);
  const state = { isOn: true };
  const client = async (): Promise<void> => {
    while (state.isOn) {
      const order = draw(chance);
      const { task, settled } = ledger.submit(order);
      if (order.name === 'later' && order.mayFail && order.options.timeout === undefined) {
        await pause(chance.int(4));
        task.cancel('drawn');
      }
      await settled;
      await pause(5 + chance.int(40));
    }
  };
  const clients = Array.from({ length: Math.min(10, size * concurrency + 3) }, client);
  return {
    stop: () => {
      state.isOn = false;
    },
    ended: Promise.all(clients).then(() => undefined),
  };
}

/** One task. A retry is drawn for some that cannot fail by themselves: it is for those whose worker dies. */
function draw(chance: Chance): Order {
  const attemptsMax = chance.next() < 0.3 ? 3 : 1;
  const priority = chance.pick(['normal', 'normal', 'critical', 'high', 'low']);
  const plain = {
    options: { priority, ...(attemptsMax > 1 ? { retry: { attempts: attemptsMax, backoff: chance.int(3) } } : {}) },
    attemptsMax,
    mayFail: false,
  };
  const draws = chance.int(20);
  if (draws < 7) return { ...plain, name: 'quick', args: [] };
  if (draws < 10) return { ...plain, name: 'spin', args: [chance.int(5)] };
  if (draws < 13) return { ...plain, name: 'later', args: [chance.int(20)] };
  if (draws < 15) return { ...plain, name: 'carry', args: [filled(chance.pick([10, 1_000, 100_000]))] };
  if (draws < 17) return { ...plain, name: 'stream', args: [chance.int(40)] };
  if (draws === 17) return { ...plain, name: 'stumble', args: [chance.between(1, 2)], mayFail: true };
  if (draws === 18) return { ...plain, name: 'later', args: [60_000], mayFail: true };
  return { ...plain, name: 'later', args: [500], options: { ...plain.options, timeout: 20 }, mayFail: true };
}

function filled(length: number): Uint8Array {
  return new Uint8Array(length).fill(length & 0xff);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
