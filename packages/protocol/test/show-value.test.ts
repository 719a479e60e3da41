import { expect, it } from 'vitest';
import { showValue } from '../src/show-value.js';

it.each([
  ['text', '"text"'],
  ['two\nlines', '"two\\nlines"'],
  ['x'.repeat(200), `"${'x'.repeat(80)}…"`],
  [-0.5, '-0.5'],
  [Number.NaN, 'NaN'],
  [7n, '7'],
  [undefined, 'undefined'],
  [null, 'null'],
  [Symbol('s'), 'a symbol'],
  [() => 1, 'a function'],
  [Object.create(null), 'an object'],
  [
    {
      toString() {
        throw new Error('looked at');
      },
    },
    'an object',
  ],
])('%o is shown on one line, and nothing of it is run', (value, shown) => {
  expect(showValue(value)).toBe(shown);
});
