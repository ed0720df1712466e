/** A small object there and back, as most task arguments are. */
import { burst, medianOf, warmUp } from '../harness/load.mjs';

export default {
  name: 'small-object',
  title: 'Small object there and back, burst of 50,000, 2 threads',
  kind: 'thread',
  metrics: [{ key: 'rate', label: 'rate', unit: 'tasks/s', better: 'higher', target: { ratio: 5 }, guarded: true }],
  params: { tasks: 50_000 },
  quick: { tasks: 20_000 },

  async measure({ start, params }) {
    const { run } = await start();
    const order = (id) => ({ id, customer: 'Ada Lovelace', paid: true, total: 129.95, items: ['pen', 'ink', 'paper'], address: { city: 'London', zip: 'W1' } });
    const check = await run('echo', order(7));
    if (check.id !== 7 || check.items[2] !== 'paper' || check.address.city !== 'London') throw new Error('the object came back different');
    const pass = () => burst((i) => run('echo', order(i)), params.tasks);
    await warmUp(pass);
    const elapsedMs = await medianOf(pass);
    return { rate: (params.tasks / elapsedMs) * 1000 };
  },
};
