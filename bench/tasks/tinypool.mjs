import { Tinypool } from 'tinypool';

export * from './functions.mjs';

/** Moves its argument back. */
export const bounce = (view) => Tinypool.move(view);
