import { Stranger } from '@pagewire/test';
import { Random } from '../random.js';
import { type Nemesis, Span } from './nemesis.js';

const connectMs = 2000;
const noiseBytes = 2048;

/** Who knocks at the port and is no peer: silent ones, half a handshake, a handshake and then silence, and noise at any point. */
const manners: readonly ((at: { readonly port: number; readonly host: string }, random: Random) => Promise<Stranger>)[] = [
  ({ port, host }) => Stranger.connect(port, host),
  async ({ port, host }) => {
    const stranger = await Stranger.connect(port, host);
    stranger.send('GET / HTTP/1.1\r\nHost: x\r\nUpgrade: webso');
    return stranger;
  },
  async ({ port, host }, random) => {
    const stranger = await Stranger.connect(port, host);
    stranger.send(noise(random));
    return stranger;
  },
  ({ port, host }) => Stranger.webSocket(port, host),
  async ({ port, host }, random) => {
    const stranger = await Stranger.webSocket(port, host);
    stranger.sendMessage(noise(random));
    return stranger;
  },
  async ({ port, host }, random) => {
    const stranger = await Stranger.webSocket(port, host);
    stranger.sendMessage(noise(random), 2 ** random.between(20, 50));
    stranger.stopReading();
    return stranger;
  },
];

const noise = (random: Random): Uint8Array => Uint8Array.from({ length: noiseBytes }, () => random.below(256));

/** Strangers that open many connections and speak no protocol, or half of one. */
export const strangers: Nemesis = async (fault, field) => {
  const at = field.cluster.addressOf(fault.target);
  const random = new Random(fault.number);
  const span = new Span(fault, field);
  const knocking = Array.from({ length: fault.amount }, () => within(random.pick(manners)(at, random)));
  const inside = (await Promise.all(knocking)).filter((stranger) => stranger !== undefined);
  let cutOff = 0;
  return {
    end: async () => {
      cutOff = inside.filter(({ closed }) => closed).length;
      await Promise.all(inside.map((stranger) => stranger[Symbol.asyncDispose]()));
      span.over();
    },
    effect: () => (cutOff > 0 ? `${cutOff} of ${inside.length} strangers were cut off` : undefined),
  };
};

/** A member that another fault is at may not answer: a stranger that cannot come in is not waited for, and goes away when it can. */
async function within(knocking: Promise<Stranger>): Promise<Stranger | undefined> {
  let late = false;
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      late = true;
      resolve(undefined);
    }, connectMs);
  });
  const entering = knocking.then(
    async (stranger) => {
      if (late) await stranger[Symbol.asyncDispose]();
      return late ? undefined : stranger;
    },
    () => undefined,
  );
  const entered = await Promise.race([entering, patience]);
  clearTimeout(timer);
  return entered;
}
