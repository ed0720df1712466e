/**
 * The form in which an error crosses a transport: plain, structured-cloneable data that keeps what `structuredClone` drops (class name,
 * code, cause, own properties, `errors` of an aggregate). Only `error-codec.ts` looks inside.
 *
 * An error is a graph: it may hold errors, which may hold it. Each error of the graph is one node; where an error stands as (or within) a
 * property value, a stub object stands for it. Cloning keeps object identity within a message, so a stub finds its node again:
 *
 *     nodes: [ TypeError, RangeError ]              entries of the first: cause -> stub 1, self -> stub 0, tries -> [stub 1, 42]
 *     stubs: [ stub 0,    stub 1     ]
 */

/** A thrown value, ready to cross. */
export type ErrorRecord =
  | {
      readonly kind: 'error';
      /** The errors of the graph, the thrown one first. */
      readonly nodes: readonly ErrorNode[];
      /** `stubs[i]` stands for `nodes[i]`; `undefined` when no error holds another. */
      readonly stubs: readonly object[] | undefined;
    }
  /** Something other than an Error was thrown. */
  | { readonly kind: 'value'; readonly value: unknown; readonly nodes: readonly ErrorNode[]; readonly stubs: readonly object[] | undefined };

/** One error of the graph. */
export interface ErrorNode {
  /** `constructor.name`. */
  readonly className: string;
  /** `error.name`, own or inherited. */
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Nearest built-in ancestor: `TypeError`, `AggregateError`, `DOMException`, … or `Error`. */
  readonly base: string;
  /** One of millrace's own errors, to be revived as its class. */
  readonly own: boolean;
  /** Own properties other than `message` and `stack`, flat: key, value, key, value, … */
  readonly enumerable: readonly unknown[];
  /** As `enumerable`, for the non-enumerable ones (`cause`, `errors`). */
  readonly hidden: readonly unknown[];
}

/** A class of the user's errors: errors that come back from a worker under its name get its prototype, so `instanceof` works. */
// oxlint-disable-next-line typescript/no-explicit-any -- constructors of any shape are welcome; they are never called
export type ErrorClass = abstract new (...args: any[]) => Error;
