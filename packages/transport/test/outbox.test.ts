import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Inbox } from '../src/inbox.js';
import { Outbox } from '../src/outbox.js';

const KIB = 1024;
const send = (outbox: Outbox, ...envelopes: Buffer[]): void => {
  for (const bytes of envelopes) outbox.append([bytes], bytes.length);
};
const drain = (outbox: Outbox): Buffer[] => {
  const batches: Buffer[] = [];
  for (let batch = outbox.next(0); batch !== undefined; batch = outbox.next(0)) batches.push(Buffer.from(batch));
  return batches;
};
const deliver = (inbox: Inbox, batch: Buffer): Buffer[] => {
  const envelopes: Buffer[] = [];
  expect(inbox.admit(batch)).toMatchObject({ ok: true });
  for (let next = inbox.next(); next !== undefined; next = inbox.next()) envelopes.push(Buffer.from(next));
  return envelopes;
};

describe('an outbox', () => {
  it('gathers envelopes into one batch until it is asked for', () => {
    const outbox = new Outbox(64 * KIB);
    send(outbox, Buffer.from('one'), Buffer.from('two'), Buffer.alloc(0));
    const [batch, ...more] = drain(outbox);
    expect(more).toEqual([]);
    expect(deliver(new Inbox(100), batch ?? Buffer.alloc(0)).map(String)).toEqual(['one', 'two', '']);
  });

  it('starts another batch rather than pass the limit, and gives a larger envelope one of its own', () => {
    const outbox = new Outbox(KIB);
    send(outbox, Buffer.alloc(600), Buffer.alloc(600), Buffer.alloc(5000), Buffer.alloc(10));
    expect(drain(outbox).map((batch) => batch.length)).toEqual([621, 621, 5021, 31]);
  });

  it('counts bytes until they are acknowledged', () => {
    const outbox = new Outbox(64 * KIB);
    send(outbox, Buffer.alloc(100));
    expect(outbox.bufferedBytes).toBe(121);
    drain(outbox);
    expect(outbox.bufferedBytes).toBe(121);
    expect(outbox.acknowledge(1)).toBe(true);
    expect(outbox.bufferedBytes).toBe(0);
    expect(outbox.isEmpty).toBe(true);
  });

  it('rejects an acknowledgement of a batch that no connection has carried', () => {
    const outbox = new Outbox(64 * KIB);
    send(outbox, Buffer.alloc(100));
    expect(outbox.acknowledge(1)).toBe(false);
    drain(outbox);
    expect(outbox.acknowledge(2)).toBe(false);
    expect([outbox.mayHaveReceived(0), outbox.mayHaveReceived(1), outbox.mayHaveReceived(2)]).toEqual([true, true, false]);
  });

  it('takes a batch as part of the peer’s past once it is acknowledged', () => {
    const outbox = new Outbox(64 * KIB);
    send(outbox, Buffer.alloc(100));
    drain(outbox);
    outbox.acknowledge(1);
    expect(outbox.mayHaveReceived(0)).toBe(false);
  });

  it('lets go of everything when cleared', () => {
    const outbox = new Outbox(KIB);
    send(outbox, Buffer.alloc(900), Buffer.alloc(900));
    outbox.clear();
    expect([outbox.bufferedBytes, outbox.isEmpty, drain(outbox)]).toEqual([0, true, []]);
  });

  it('with an inbox, delivers every envelope once and in order under any mix of sends, losses and acknowledgements', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), n: fc.integer({ min: 0, max: 3000 }) }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('carry' as const), n: fc.integer({ min: 1, max: 4 }) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('ack' as const), n: fc.constant(0) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('cut' as const), n: fc.integer({ min: 0, max: 3 }) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const outbox = new Outbox(4 * KIB);
        const inbox = new Inbox(3000);
        const sent: number[] = [];
        const got: number[] = [];
        const carry = (count: number, lost: number): void => {
          for (let i = 0; i < count; i++) {
            const batch = outbox.next(0);
            if (batch === undefined) return;
            if (i >= count - lost) continue;
            for (const envelope of deliver(inbox, batch)) got.push(envelope.readUInt32LE(0));
          }
        };
        const actions = {
          send: (n: number) => {
            const bytes = Buffer.alloc(Math.max(4, n), n & 0xff);
            bytes.writeUInt32LE(sent.length);
            sent.push(sent.length);
            send(outbox, bytes);
          },
          carry: (n: number) => carry(n, 0),
          ack: () => expect(outbox.acknowledge(inbox.delivered)).toBe(true),
          cut: (n: number) => {
            carry(n, n);
            outbox.rewind(inbox.received);
          },
        };
        for (const { do: action, n } of steps) actions[action](n);
        carry(Number.POSITIVE_INFINITY, 0);
        expect(got).toEqual(sent);
        outbox.acknowledge(inbox.delivered);
        expect(outbox.bufferedBytes).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});

describe('an inbox', () => {
  it('never throws on hostile data, and hands out only what fills its message', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (noise) => {
        const message = Buffer.concat([Buffer.of(4, 1, 0, 0, 0, 0, 0, 0, 0), Buffer.alloc(8), Buffer.from(noise)]);
        const inbox = new Inbox(64);
        const { ok } = inbox.admit(message);
        let bytes = 0;
        for (let next = inbox.next(); next !== undefined; next = inbox.next()) bytes += 4 + next.length;
        expect(bytes).toBe(ok ? noise.length : 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('admits each message once, and none out of turn', () => {
    const outbox = new Outbox(64);
    send(outbox, Buffer.alloc(40), Buffer.alloc(40), Buffer.alloc(40));
    const [first, second, third] = drain(outbox);
    const inbox = new Inbox(40);
    const admit = (message: Buffer = Buffer.alloc(0)): boolean => {
      const { ok } = inbox.admit(message);
      inbox.discard();
      return ok;
    };
    expect([admit(second), admit(first), admit(first), admit(third), admit(second), admit(third)]).toEqual([
      false,
      true,
      false,
      false,
      true,
      true,
    ]);
  });

  it('acknowledges a message only when its last envelope has been handed out', () => {
    const outbox = new Outbox(KIB);
    send(outbox, Buffer.from('a'), Buffer.from('b'));
    const inbox = new Inbox(10);
    inbox.admit(outbox.next(0) ?? Buffer.alloc(0));
    inbox.next();
    inbox.next();
    expect([inbox.received, inbox.delivered]).toEqual([1, 0]);
    inbox.next();
    expect([inbox.received, inbox.delivered]).toEqual([1, 1]);
  });
});
