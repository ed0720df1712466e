/** No pool at all: the function called where it stands. A yardstick for the pools of the event loop, not a peer: it has no limit. */
import * as tasks from '../tasks/functions.mjs';

const functions = { ...tasks };

export default {
  name: 'no pool',
  kinds: ['async'],
  reference: true,
  variants: { async: { 'plain calls': {} } },
  best: { async: { otherwise: 'plain calls' } },

  async start() {
    return { pool: undefined, run: (name, arg) => functions[name](arg), close: () => {} };
  },
};
