/** A typed emitter. Listeners run in order of subscription; one that throws does not disturb the pool: its error surfaces as uncaught. */
import { queueMicrotask } from '../runtime/host-timers.js';

type Listener<P> = (payload: P) => void;

export class Emitter<Events> {
  /** Whether nobody listens to anything. A field, because it is asked for each task. */
  isSilent = true;
  readonly #listeners = new Map<keyof Events, Listener<never>[]>();

  /** Whether anybody listens: ask before building a payload. */
  has(event: keyof Events): boolean {
    return !this.isSilent && this.#listeners.has(event);
  }

  emit<E extends keyof Events>(event: E, payload: Events[E]): void {
    const listeners = this.#listeners.get(event);
    if (listeners === undefined) return;
    for (const listener of [...listeners]) {
      try {
        (listener as Listener<Events[E]>)(payload);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  on<E extends keyof Events>(event: E, listener: Listener<Events[E]>): void {
    const listeners = this.#listeners.get(event);
    this.isSilent = false;
    if (listeners === undefined) this.#listeners.set(event, [listener]);
    else listeners.push(listener);
  }

  once<E extends keyof Events>(event: E, listener: Listener<Events[E]>): void {
    const wrapped: Listener<Events[E]> & { original?: Listener<Events[E]> } = (payload) => {
      this.off(event, wrapped);
      listener(payload);
    };
    wrapped.original = listener;
    this.on(event, wrapped);
  }

  off<E extends keyof Events>(event: E, listener: Listener<Events[E]>): void {
    const listeners = this.#listeners.get(event);
    if (listeners === undefined) return;
    const index = listeners.findIndex((each) => each === listener || (each as { original?: unknown }).original === listener);
    if (index === -1) return;
    listeners.splice(index, 1);
    if (listeners.length === 0) this.#listeners.delete(event);
    this.isSilent = this.#listeners.size === 0;
  }
}
