import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OfferPause } from './offer-pause.js';

class Hands {
  ms = 100;
  readonly loop = { nowMs: (): number => this.ms, nextTurn: (): void => assert.fail('a pause needs no turn') };
}

/** Forks of that length until an offer may be made, that one included. */
function forksUntilOver(pause: OfferPause, hands: Hands, forkMs: number): number {
  for (let forks = 1; ; forks += 1) {
    hands.ms += forkMs;
    if (pause.isOver()) return forks;
  }
}

describe('the pause between offers', () => {
  test('lets twice as many tiny forks go by after each offer in vain, up to 64', () => {
    const hands = new Hands();
    const pause = new OfferPause(hands.loop);
    assert.equal(forksUntilOver(pause, hands, 0), 1);
    const lengths = Array.from({ length: 8 }, () => {
      pause.inVain();
      return forksUntilOver(pause, hands, 0) - 1;
    });
    assert.deepEqual(lengths, [1, 3, 7, 15, 31, 63, 64, 64]);
  });

  test('keeps a hungry sibling waiting for one long function at most, however many offers were in vain', () => {
    const hands = new Hands();
    const pause = new OfferPause(hands.loop);
    for (let count = 0; count < 10; count += 1) pause.inVain();
    assert.equal(forksUntilOver(pause, hands, 0.3), 1);
    pause.unwanted();
    assert.equal(forksUntilOver(pause, hands, 0.3), 1);
  });

  test('is over at once when an offer was taken, and short after it', () => {
    const hands = new Hands();
    const pause = new OfferPause(hands.loop);
    for (let count = 0; count < 10; count += 1) pause.inVain();
    pause.taken();
    assert.equal(forksUntilOver(pause, hands, 0), 1);
    pause.inVain();
    assert.equal(forksUntilOver(pause, hands, 0), 2);
  });
});
