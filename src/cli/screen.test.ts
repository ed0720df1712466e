import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Screen } from './screen.js';
import type { ScreenStream } from './screen.js';

class Recorder implements ScreenStream {
  text = '';
  readonly isTTY: boolean;
  readonly columns?: number;

  constructor(isTTY: boolean, columns?: number) {
    this.isTTY = isTTY;
    if (columns !== undefined) this.columns = columns;
  }

  write(text: string): void {
    this.text += text;
  }

  on(): void {}
}

describe('Screen', () => {
  test('on a terminal lines go above the status, which is drawn again', () => {
    const stream = new Recorder(true);
    const screen = new Screen(stream, { TERM: 'xterm' });
    screen.status('1/3');
    screen.print('note');
    screen.status('1/3');
    screen.status('');
    assert.equal(stream.text, '\r\u001b[K1/3\r\u001b[Knote\n1/3\r\u001b[K');
  });

  test('elsewhere there are lines and nothing else', () => {
    for (const [isTTY, env] of [
      [false, {}],
      [true, { TERM: 'dumb' }],
      [true, { CI: 'true' }],
    ] as const) {
      const stream = new Recorder(isTTY);
      const screen = new Screen(stream, env);
      screen.status('1/3');
      screen.print('note');
      assert.equal(stream.text, 'note\n');
    }
  });

  test('colours follow NO_COLOR', () => {
    assert.equal(new Screen(new Recorder(true), {}).colours, true);
    assert.equal(new Screen(new Recorder(true), { NO_COLOR: '1' }).colours, false);
    assert.equal(new Screen(new Recorder(false), {}).colours, false);
  });

  test('the width is that of the terminal, else COLUMNS, else 80, less one', () => {
    assert.equal(new Screen(new Recorder(true, 40), { COLUMNS: '200' }).width, 39);
    assert.equal(new Screen(new Recorder(true), { COLUMNS: '200' }).width, 199);
    assert.equal(new Screen(new Recorder(true), {}).width, 79);
  });
});
