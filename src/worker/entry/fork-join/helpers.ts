/** The seam between forks and those who take children off a worker: thieves on threads, the pool for processes, nobody on the event loop. */
import type { CancelCode } from '../../../transport/protocol.js';
import type { Child, Family } from './children.js';

export interface ForkHelpers {
  /** Children of this family wait. Called at every fork and join: a load of a shared word when nobody wants any. */
  offer(family: Family): void;
  /** Wants a child that is away back: `true` when it waits here again. */
  takeBack(child: Child): boolean;
  /** A child of the same task that another worker has on offer, to be run here meanwhile. */
  takeOther(family: Family): Child | undefined;
  /** Takes in what has come back. */
  collect(): void;
  /** Calls `changed` when there may be something to do for a join of this family; `false` when there is right now. */
  listen(family: Family, changed: () => void): boolean;
  /** Tells whoever has a child to stop. */
  cancel(child: Child, code: CancelCode): void;
}
