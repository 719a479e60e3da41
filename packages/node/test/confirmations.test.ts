import { PagewireError } from '@pagewire/protocol';
import { expect, it } from 'vitest';
import { Confirmations } from '../src/confirmations.js';

/** What has been answered so far, by name. */
function answersTo(waits: Readonly<Record<string, Promise<void>>>): string[] {
  const answered: string[] = [];
  for (const [name, wait] of Object.entries(waits)) {
    wait.then(
      () => answered.push(name),
      (error: PagewireError) => answered.push(`${name}: ${error.code}`),
    );
  }
  return answered;
}

it('a confirmation answers those who wait for it or for an earlier one, and nobody else', async () => {
  const confirmations = new Confirmations();
  const answered = answersTo({ first: confirmations.wait(1), second: confirmations.wait(2), fourth: confirmations.wait(4) });
  confirmations.confirmed(2);
  await Promise.resolve();
  expect(answered).toEqual(['first', 'second']);
  confirmations.confirmed(3);
  await Promise.resolve();
  expect(answered).toEqual(['first', 'second']);
  confirmations.confirmed(4);
  await Promise.resolve();
  expect(answered).toEqual(['first', 'second', 'fourth']);
});

it('what is not confirmed any more fails for those who still wait, and for them alone', async () => {
  const confirmations = new Confirmations();
  const answered = answersTo({ first: confirmations.wait(1), second: confirmations.wait(2) });
  confirmations.confirmed(1);
  confirmations.fail(new PagewireError('outcome-unknown', 'the life is over'));
  await Promise.resolve();
  expect(answered).toEqual(['first', 'second: outcome-unknown']);
});
