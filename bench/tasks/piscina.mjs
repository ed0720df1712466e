import { move } from 'piscina';

export * from './functions.mjs';

/** Moves its argument back. */
export const bounce = (view) => move(view);
