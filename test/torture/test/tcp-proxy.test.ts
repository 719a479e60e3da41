import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { TcpProxy, type TcpProxyOptions, until } from '@pagewire/test';
import { afterEach, describe, expect, it } from 'vitest';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server behind a proxy, and one connection through it. What either side gets is collected. */
async function connection(options: TcpProxyOptions = {}) {
  const server: Server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  const proxy = await TcpProxy.open(options);
  closing.push(() => proxy.close());
  // A server that was asked for a port of TCP has an address with one.
  proxy.aim((server.address() as AddressInfo).port);
  const arrived = once(server, 'connection');
  const dialer = connect(proxy.port, '127.0.0.1');
  // A cut by the proxy is one of the ends that tests wait for.
  dialer.on('error', () => {});
  await once(dialer, 'connect');
  const [target] = (await arrived) as [Socket];
  target.on('error', () => {});
  closing.push(async () => {
    dialer.destroy();
    target.destroy();
  });
  return { proxy, dialer, target, in: collect(target), out: collect(dialer) };
}

function collect(socket: Socket): { text: string; pieces: number } {
  const collected = { text: '', pieces: 0 };
  socket.on('data', (bytes) => {
    collected.text += bytes.toString('latin1');
    collected.pieces += 1;
  });
  return collected;
}

const sameText = (length: number): string => Array.from({ length }, (_, at) => String.fromCharCode(97 + (at % 23))).join('');

describe('a proxy', () => {
  it('passes bytes both ways in clear weather, and counts no effect', async () => {
    const both = await connection();
    both.dialer.write('there');
    both.target.write('and back');
    await until('both have arrived', () => both.in.text === 'there' && both.out.text === 'and back');
    expect(both.proxy.effects).toEqual({ droppedBytes: 0, lateBytes: 0, cutConnections: 0 });
  });

  it('drops one direction and not the other, and cuts the connection when the weather clears', async () => {
    const { proxy, dialer, target, out, ...both } = await connection();
    proxy.setWeather('everyone', { drop: new Set(['in']) });
    dialer.write('lost');
    target.write('kept');
    await until('the other direction works', () => out.text === 'kept');
    await until('the bytes are dropped', () => proxy.effects.droppedBytes === 4);
    expect(both.in.text).toBe('');
    proxy.setWeather('everyone', {});
    await until('a stream with a hole is cut', () => dialer.closed && target.closed);
  });

  it('keeps the order of bytes that are late by different times', async () => {
    const { proxy, dialer, ...both } = await connection();
    proxy.setWeather('everyone', { delayMs: 5, jitterMs: 30 });
    const words = Array.from({ length: 40 }, (_, at) => `${at},`);
    for (const word of words) {
      dialer.write(word);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until('all have arrived', () => both.in.text === words.join(''));
    expect(proxy.effects.lateBytes).toBe(words.join('').length);
  });

  it('lets bytes trickle when the line is thin, in pieces and complete', async () => {
    const { proxy, dialer, ...both } = await connection();
    proxy.setWeather('everyone', { bytesPerSecond: 40_000 });
    const text = sameText(6000);
    dialer.write(text);
    await until('something has arrived', () => both.in.text.length > 0);
    expect(both.in.text.length).toBeLessThan(text.length);
    await until('all has arrived', () => both.in.text === text);
    expect(both.in.pieces).toBeGreaterThan(4);
  });

  it('hurries what is late when the weather clears', async () => {
    const { proxy, dialer, ...both } = await connection();
    proxy.setWeather('everyone', { delayMs: 600_000, bytesPerSecond: 10 });
    dialer.write(sameText(3000));
    await until('it is on its way', () => proxy.effects.lateBytes === 3000);
    proxy.setWeather('everyone', {});
    await until('it has arrived', () => both.in.text === sameText(3000));
  });

  it('delivers what an end has sent before it closed', async () => {
    const { proxy, dialer, target, ...both } = await connection();
    proxy.setWeather('everyone', { delayMs: 40 });
    dialer.end('the last words');
    await until('the end has come through', () => target.closed);
    expect(both.in.text).toBe('the last words');
  });

  it('holds back a sender whose reader does not read, and loses nothing', async () => {
    const { dialer, target, ...both } = await connection();
    target.pause();
    const piece = sameText(1024 * 1024);
    let taken = 0;
    for (let written = 0; written < 64; written += 1) dialer.write(piece, () => (taken += 1));
    await until('the sender is held back', () => dialer.writableNeedDrain && taken < 64);
    target.resume();
    await until('all has arrived', () => both.in.text.length === 64 * piece.length);
  });

  it('has weather of its own for one dialer, and another for the others', async () => {
    let number = 0;
    const dialerOf = (): number => {
      number += 1;
      return number;
    };
    const { proxy, dialer, ...both } = await connection({ dialerOf });
    proxy.setWeather('everyone', { drop: new Set(['in', 'out']) });
    proxy.setWeather(1, {});
    dialer.write('the first');
    await until('its bytes pass', () => both.in.text === 'the first');
    const second = connect(proxy.port, '127.0.0.1');
    second.on('error', () => {});
    second.write('the second');
    await until('the bytes of the other do not', () => proxy.effects.droppedBytes === 10);
    second.destroy();
  });

  it('cuts connections, and counts them', async () => {
    const { proxy, dialer, target } = await connection();
    proxy.cut('everyone');
    await until('both ends are closed', () => dialer.closed && target.closed);
    expect(proxy.effects.cutConnections).toBe(1);
  });
});
