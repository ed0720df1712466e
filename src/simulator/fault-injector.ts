/** Lets things go wrong at their time, and right again. */
import type { Fault } from './faults.js';
import type { SimWorld } from './sim-world.js';
import type { SimulatedWorker } from './simulated-worker.js';

export class FaultInjector {
  readonly #faults: readonly Fault[];
  readonly #world: SimWorld;

  constructor(faults: readonly Fault[], world: SimWorld) {
    this.#faults = faults;
    this.#world = world;
  }

  arm(): void {
    const { clock } = this.#world;
    for (const fault of this.#faults)
      clock.setTimer(fault.atMs, () => {
        const end = this.#begin(fault);
        if (end !== undefined && 'untilMs' in fault && fault.untilMs !== undefined) clock.setTimer(fault.untilMs - fault.atMs, end);
      });
  }

  /** Returns what ends it. */
  #begin(fault: Fault): (() => void) | undefined {
    const world = this.#world;
    switch (fault.kind) {
      case 'kill':
        for (const worker of busiest(world.workers, fault.count ?? 1)) worker.crash();
        return undefined;
      case 'errors':
        return this.#change(fault.index, (worker, on) => (worker.errorShare = on ? fault.share : 0));
      case 'slow-worker':
        return this.#change(fault.index, (worker, on) => (worker.slowness = on ? fault.factor : 1));
      case 'slow-io':
        world.downstream.change(world.downstream.capacity, fault.factor);
        return () => world.downstream.change(world.downstream.capacity, 1);
      case 'cores': {
        const before = world.cores.capacity;
        world.cores.change(fault.cores, 1);
        return () => world.cores.change(before, 1);
      }
      case 'start-failures':
        world.startFailureShare = fault.share;
        return () => (world.startFailureShare = 0);
    }
  }

  #change(index: number, set: (worker: SimulatedWorker, on: boolean) => void): (() => void) | undefined {
    const worker = [...this.#world.workers].filter(({ ready }) => ready)[index];
    if (worker === undefined) return undefined;
    set(worker, true);
    return () => set(worker, false);
  }
}

function busiest(workers: Iterable<SimulatedWorker>, count: number): SimulatedWorker[] {
  return [...workers].sort((a, b) => b.running - a.running).slice(0, count);
}
