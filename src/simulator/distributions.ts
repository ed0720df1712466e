/**
 * Distributions of times, each given by its mean so that the load stays the same when the shape changes. Spread is the squared coefficient of
 * variation (SCV = variance / mean²): 0 constant, 1 exponential, 10 and more heavy.
 */
import { OptionError } from '../errors.js';
import type { Random } from '../runtime/random.js';

/** A time in ms: a plain number is constant. */
export type TimeModel =
  | number
  | { readonly kind: 'exponential'; readonly meanMs: number }
  /** `sigma` is the standard deviation of the logarithm: 0.5 is mild, 1 has SCV 1.7, 2.4 has SCV 316. */
  | { readonly kind: 'lognormal'; readonly meanMs: number; readonly sigma: number }
  /** A mix of two exponentials of equal load, from its SCV, > 1. */
  | { readonly kind: 'hyperexponential'; readonly meanMs: number; readonly scv: number }
  | { readonly kind: 'uniform'; readonly minMs: number; readonly maxMs: number };

/** Draws one time, in ms. */
export type TimeSampler = (random: Random) => number;

/**
 * @param option name for errors
 * @throws OptionError for a model that is unknown or out of range
 */
export function timeSampler(option: string, model: TimeModel): TimeSampler {
  if (typeof model === 'number') return constant(positive(option, model));
  if (typeof model !== 'object' || model === null) throw notAModel(option, model);
  switch (model.kind) {
    case 'exponential': {
      const meanMs = positive(`${option}.meanMs`, model.meanMs);
      return (random) => meanMs * exponential(random);
    }
    case 'lognormal':
      return lognormal(positive(`${option}.meanMs`, model.meanMs), positive(`${option}.sigma`, model.sigma));
    case 'hyperexponential':
      return hyperexponential(positive(`${option}.meanMs`, model.meanMs), atLeastOne(`${option}.scv`, model.scv));
    case 'uniform': {
      const minMs = positive(`${option}.minMs`, model.minMs);
      const spanMs = positive(`${option}.maxMs`, model.maxMs) - minMs;
      return (random) => minMs + spanMs * random();
    }
    default:
      throw notAModel(option, model);
  }
}

/** The mean of a model, in ms. */
export function meanMsOf(model: TimeModel): number {
  if (typeof model === 'number') return model;
  return model.kind === 'uniform' ? (model.minMs + model.maxMs) / 2 : model.meanMs;
}

/** Squared coefficient of variation of a model. */
export function scvOf(model: TimeModel): number {
  if (typeof model === 'number') return 0;
  if (model.kind === 'exponential') return 1;
  if (model.kind === 'lognormal') return Math.exp(model.sigma ** 2) - 1;
  if (model.kind === 'hyperexponential') return model.scv;
  return (model.maxMs - model.minMs) ** 2 / 12 / meanMsOf(model) ** 2;
}

/** An exponential draw of mean 1. */
export function exponential(random: Random): number {
  return -Math.log(1 - random());
}

function constant(ms: number): TimeSampler {
  return () => ms;
}

/** Box and Muller; one of the two normals is dropped, so that every draw takes the same two numbers. */
function lognormal(meanMs: number, sigma: number): TimeSampler {
  const mu = Math.log(meanMs) - sigma ** 2 / 2;
  return (random) => {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    return Math.exp(mu + sigma * radius * Math.cos(2 * Math.PI * random()));
  };
}

/** Balanced means: both kinds of draws bring half of the load. */
function hyperexponential(meanMs: number, scv: number): TimeSampler {
  const often = 0.5 * (1 + Math.sqrt((scv - 1) / (scv + 1)));
  const shortMs = meanMs / (2 * often);
  const longMs = meanMs / (2 * (1 - often));
  return (random) => (random() < often ? shortMs : longMs) * exponential(random);
}

function positive(option: string, value: number): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new OptionError(option, 'a finite number >= 0', value);
}

function atLeastOne(option: string, value: number): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 1) return value;
  throw new OptionError(option, 'a number >= 1', value);
}

function notAModel(option: string, value: unknown): OptionError {
  return new OptionError(option, "a number of ms or { kind: 'exponential' | 'lognormal' | 'hyperexponential' | 'uniform', … }", value);
}
