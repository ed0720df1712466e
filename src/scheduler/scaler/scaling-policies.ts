/** The sizing policies by name. */
import { OptionError } from '../../errors.js';
import { numberWithin } from '../../runtime/own-options.js';
import { adaptive, type AdaptiveOptions } from './adaptive.js';
import { fixed } from './fixed.js';
import { queueDepth, type QueueDepthOptions } from './queue-depth.js';
import type { ScalingPolicy } from './scaling-policy.js';
import { INTERVAL_MS_MAX } from './signals.js';
import { threshold, type ThresholdOptions } from './threshold.js';

export type ScalingPolicyName = 'adaptive' | 'queue-depth' | 'threshold' | 'fixed';

type Factory = (options: object | undefined, option: string) => ScalingPolicy;

const POLICIES: ReadonlyMap<unknown, Factory> = new Map<ScalingPolicyName, Factory>([
  ['adaptive', adaptive],
  ['queue-depth', queueDepth],
  ['threshold', threshold],
  ['fixed', fixedWithoutOptions],
]);

/**
 * The policy that `value` names, or `value` itself when it is one.
 *
 * @param option name for errors, for example `policy`
 * @param options numbers of the named policy; a policy of the user's own has its own
 * @throws OptionError when the name is unknown, the policy is incomplete or an option does not fit
 */
export function scalingPolicy(
  option: string,
  value: ScalingPolicyName | ScalingPolicy,
  options?: AdaptiveOptions | QueueDepthOptions | ThresholdOptions,
): ScalingPolicy {
  const named = POLICIES.get(value);
  if (named !== undefined) return named(options, option);
  if (typeof value !== 'object' || value === null) {
    const names = [...POLICIES.keys()].map((name) => `'${String(name)}'`).join(', ');
    throw new OptionError(option, `one of ${names} or a policy with name, intervalMs, initial and decide`, value);
  }
  refuseOptions(option, options);
  return checked(option, value);
}

function fixedWithoutOptions(options: object | undefined, option: string): ScalingPolicy {
  refuseOptions(option, options);
  return fixed();
}

function refuseOptions(option: string, options: object | undefined): void {
  for (const [key, value] of Object.entries(options ?? {})) throw new OptionError(`${option}.${key}`, 'nothing, since this policy takes no options', value);
}

function checked(option: string, policy: ScalingPolicy): ScalingPolicy {
  if (typeof policy.name !== 'string' || policy.name === '') throw new OptionError(`${option}.name`, 'a non-empty string', policy.name);
  numberWithin(`${option}.intervalMs`, policy.intervalMs, 1, INTERVAL_MS_MAX);
  for (const method of ['initial', 'decide'] as const) {
    if (typeof policy[method] !== 'function') throw new OptionError(`${option}.${method}`, 'a function', policy[method]);
  }
  return policy;
}
