import { connect } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { deafEvents } from '../src/channel.js';
import { parseLinkUrl } from '../src/link-url.js';
import { dialWs } from '../src/ws-channel.js';

vi.mock('node:net', async (original) => {
  const net = await original<typeof import('node:net')>();
  return { ...net, connect: vi.fn(net.connect) };
});

describe('a WebSocket channel', () => {
  afterEach(() => void vi.clearAllMocks());

  it.each([
    ['ws://127.0.0.1:80', { host: '127.0.0.1', port: 80 }],
    ['ws://[::1]:7070', { host: '::1', port: 7070 }],
    ['ws://xn--a:7070', { host: 'xn--a', port: 7070 }],
  ])('to %s connects to its host and port', (url, address) => {
    dialWs(parseLinkUrl(url), { maxMessageBytes: 1000, handshakeMs: 1000 }, deafEvents).destroy();
    expect(connect).toHaveBeenCalledExactlyOnceWith(expect.objectContaining(address));
  });
});
