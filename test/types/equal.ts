/** Tools of the type tests. Nothing here runs: what these files claim is checked by the compiler. */

/** Whether two types are the same, `any` and `readonly` told apart. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only when all are `true`. */
export type Holds<_Claims extends readonly true[]> = never;

/** The type of a value that is never made. */
export declare function value<T>(): T;
