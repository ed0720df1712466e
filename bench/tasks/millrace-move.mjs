/** What the transfer case runs in millrace: the result is handed over, not copied. */
import { move } from 'millrace/worker';

export * from './functions.mjs';

export function bounce(view) {
  return move(view);
}
