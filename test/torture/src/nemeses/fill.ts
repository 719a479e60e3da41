import { setTimeout as sleep } from 'node:timers/promises';
import { DeafClient } from '@pagewire/test';
import { unsentBytes } from '../leaks/sockets.js';
import { type Nemesis, Span } from './nemesis.js';

const requests = 4000;
const lookEveryMs = 100;
/** A node that has this much to send to who does not read has its sockets filled. Over gRPC the window of HTTP/2 fills before. */
const fullBytes = 64 * 1024;
/** How long a client reads at the end, at most, to find out whether the node had to refuse it anything. */
const readMs = 3000;

/** Clients that ask for much and read none of it: what is between them and the node is full, and the node must bound what it keeps. */
export const fill: Nemesis = async (fault, field) => {
  const { cluster } = field;
  const { target, amount } = fault;
  const { url, port } = cluster.addressOf(target);
  const pid = cluster.pidOf(target);
  const used = field.usedRegion();
  if (used === undefined || pid === undefined) throw new Error(`${target} cannot be asked for anything`);
  const span = new Span(fault, field);
  const clients = await Promise.all(Array.from({ length: amount }, () => DeafClient.connect(url, used)));
  for (const client of clients) client.ask(requests);
  let most = 0;
  const looking = setInterval(() => {
    most = Math.max(most, unsentBytes(pid, port));
  }, lookEveryMs);
  let [cutOff, refusals] = [0, 0];
  return {
    end: async () => {
      clearInterval(looking);
      cutOff = clients.filter(({ isOpen }) => !isOpen).length;
      for (const client of clients) client.listen();
      for (const end = performance.now() + readMs; refusals === 0 && performance.now() < end; await sleep(lookEveryMs)) {
        refusals = clients.reduce((sum, client) => sum + client.refusals, 0);
      }
      for (const client of clients) client.destroy();
      span.over();
    },
    effect: () => {
      if (refusals > 0) return `the node had no room for ${refusals} requests`;
      if (most > fullBytes) return `${most} bytes were waiting in the node's sockets`;
      return cutOff > 0 ? `${cutOff} deaf clients were cut off` : undefined;
    },
  };
};
