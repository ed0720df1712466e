import { ThreadWorker } from 'poolifier';
import * as functions from './functions.mjs';

/** poolifier has no way to transfer a result: `bounce` is copied on its way back. */
export default new ThreadWorker({ ...functions, bounce: (view) => view });
