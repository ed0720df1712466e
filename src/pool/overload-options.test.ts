import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_LEVELS } from '../queue/queued-task.js';
import { normaliseOptions } from './normalise-options.js';
import { overloadSettings } from './overload-options.js';

const settings = (input: unknown): unknown => overloadSettings(input as 'adaptive', DEFAULT_LEVELS);

describe('the option overload', () => {
  it('is off unless it is asked for', () => {
    assert.equal(settings(undefined), undefined);
    assert.equal(settings('off'), undefined);
    assert.equal(normaliseOptions({ queue: { maxWait: 100 } }).overload, undefined, 'maxWait needs none of it');
  });

  it("fills in its defaults, for 'adaptive' and for whatever an object leaves out", () => {
    const defaults = {
      targetMs: undefined,
      intervalMs: undefined,
      interactive: [false, false, false, false, false],
      newestFirst: false,
      refuseMax: 0.99,
      memoryShareMax: 0.9,
    };
    assert.deepEqual(settings('adaptive'), defaults);
    assert.deepEqual(settings({}), defaults);
    assert.deepEqual(settings({ target: '50ms', interval: 200, interactive: ['high'], newestFirst: true, refuseMax: 0, memory: false }), {
      targetMs: 50,
      intervalMs: 200,
      interactive: [false, true, false, false, false],
      newestFirst: true,
      refuseMax: 0,
      memoryShareMax: Infinity,
    });
  });

  for (const [input, message] of [
    ['always', /^OptionError: overload: expected 'off', 'adaptive' or an object/],
    [{ targte: 5 }, /overload\.targte: .*did you mean target/],
    [{ target: 'soon' }, /overload\.target: expected a duration/],
    [{ interactive: 'high' }, /overload\.interactive: expected an array of names of levels, got "high"/],
    [{ interactive: ['urgent'] }, /overload\.interactive: expected names among critical, high, normal, low, idle, got "urgent"/],
    [{ newestFirst: 1 }, /overload\.newestFirst: expected true or false, got 1/],
    [{ refuseMax: 2 }, /overload\.refuseMax: expected a number from 0 to 1, got 2/],
    [{ memory: '1gb' }, /overload\.memory: expected a number from 0 to 1, got "1gb"/],
  ] as const) {
    it(`names what is wrong with ${JSON.stringify(input)}`, () => assert.throws(() => settings(input), message));
  }
});
