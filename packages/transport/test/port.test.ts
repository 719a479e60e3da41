import { get } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Client, credentials, type GrpcObject, loadPackageDefinition, Metadata, type ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { service as healthService } from 'grpc-health-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import { linkService } from '../src/grpc-service.js';
import { type Acceptance, dial, type LinkOptions, type Listener, listen } from '../src/index.js';
import { quick, Witness } from './rigs.js';

const until = (claim: () => void): Promise<void> => vi.waitFor(claim, { timeout: 5000, interval: 5 });

describe('a listening port', () => {
  const listeners: Listener[] = [];
  const sockets: Socket[] = [];

  async function open(link: Partial<LinkOptions> = {}, maxConnections = 100): Promise<Listener> {
    const accept = (): Acceptance => ({ handlers: { envelope() {}, closed() {} }, attributes: {} });
    const listener = await listen({ host: '127.0.0.1', port: 0, accept, maxConnections, link: { ...quick, ...link } });
    listeners.push(listener);
    return listener;
  }

  function rawSocket(listener: Listener): { socket: Socket; text: () => string; closed: () => boolean } {
    const chunks: Buffer[] = [];
    const socket = connect(listener.port, '127.0.0.1');
    sockets.push(socket);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => {});
    return { socket, text: () => Buffer.concat(chunks).toString('latin1'), closed: () => socket.destroyed };
  }

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await Promise.all(listeners.splice(0).map((listener) => listener.close()));
  });

  it('serves both transports at once', async () => {
    const listener = await open();
    const ends = [new Witness(), new Witness()] as const;
    const links = [
      dial({ url: listener.url('ws'), attributes: {}, handlers: ends[0].handlers }),
      dial({ url: listener.url('grpc'), attributes: {}, handlers: ends[1].handlers }),
    ];
    await until(() => expect(links.map((link) => link.state)).toEqual(['open', 'open']));
    expect(links.map((link) => link.transport)).toEqual(['ws', 'grpc']);
    await Promise.all(links.map((link) => link.close()));
  });

  it('tells a web browser that this is no web server', async () => {
    const listener = await open();
    const answer = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      get({ host: '127.0.0.1', port: listener.port, agent: false }, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += String(chunk);
        });
        response.on('end', () => resolve({ status: response.statusCode, text }));
      }).on('error', reject);
    });
    expect(answer.status).toBe(426);
    expect(answer.text).toContain('pagewire');
  });

  it('lets no page in a browser connect', async () => {
    const listener = await open();
    const refusal = await new Promise<string>((resolve) => {
      new WebSocket(listener.url('ws'), { origin: 'http://evil.example' }).on('error', (error) => resolve(error.message));
    });
    expect(refusal).toContain('403');
  });

  it('answers the standard gRPC health check', async () => {
    const listener = await open();
    const client = new Client(`127.0.0.1:${listener.port}`, credentials.createInsecure());
    const { path, requestSerialize, responseDeserialize } = healthMethod();
    const answer = await new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { service: 'pagewire.Link' },
        new Metadata(),
        {},
        (error, value) => (error === null ? resolve(value) : reject(error)),
      );
    });
    client.close();
    expect(answer).toEqual({ status: 'SERVING' });
  });

  const healthMethod = () => {
    const method = healthService['Check'];
    if (method === undefined) throw new Error('the health service has no Check');
    return method;
  };

  it('speaks the service that the .proto file names', () => {
    const proto = loadSync(fileURLToPath(new URL('../proto/pagewire.proto', import.meta.url)));
    // The file holds a package with one service in it, or the expectations below fail.
    const loaded = loadPackageDefinition(proto)['pagewire'] as GrpcObject;
    const service = (loaded['Link'] as unknown as { service: ServiceDefinition }).service;
    expect(Object.keys(service)).toEqual(Object.keys(linkService));
    const { path, requestStream, responseStream } = linkService.Exchange;
    expect(service['Exchange']).toMatchObject({ path, requestStream, responseStream });
  });

  it.each([
    ['nothing', ''],
    ['half an HTTP/2 preface', 'PRI * HT'],
    ['an HTTP/2 preface and nothing more', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['half a request', 'GET / HTTP/1.1\r\nHost: x\r\n'],
  ])('drops a socket that sends %s within handshakeMs', async (_what, text) => {
    const { socket, closed } = rawSocket(await open({ handshakeMs: 150 }));
    socket.write(text);
    await until(() => expect(closed()).toBe(true));
  });

  it.each([
    ['noise', Buffer.alloc(3000, 0xa7)],
    ['TLS', Buffer.from('16030100a5010000a10303', 'hex')],
    ['noise after an HTTP/2 preface', Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.alloc(3000, 0xa7)])],
    ['a header without end', Buffer.from(`GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}`)],
  ])('drops a socket that sends %s, and serves others', async (_what, bytes) => {
    const listener = await open();
    const { socket, closed } = rawSocket(listener);
    socket.write(bytes);
    await until(() => expect(closed()).toBe(true));
    const link = dial({ url: listener.url('ws'), attributes: {}, handlers: new Witness().handlers });
    await until(() => expect(link.state).toBe('open'));
    await link.close();
  });

  it('outlives a request that is reset before it is heard of', async () => {
    const listener = await open();
    const http2Frame = (type: number, flags: number, stream: number, payload: string): string =>
      `${(payload.length / 2).toString(16).padStart(6, '0')}0${type}0${flags}${stream.toString(16).padStart(8, '0')}${payload}`;
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    // SETTINGS; HEADERS of a POST that is no gRPC; RST_STREAM; all in one piece.
    const frames = [http2Frame(4, 0, 0, ''), http2Frame(1, 4, 1, '838684410178'), http2Frame(3, 0, 1, '00000008')];
    const { socket, text } = rawSocket(listener);
    socket.write(Buffer.concat([preface, Buffer.from(frames.join(''), 'hex')]));
    await until(() => expect(text()).not.toBe(''));
    const link = dial({ url: listener.url('grpc'), attributes: {}, handlers: new Witness().handlers });
    await until(() => expect(link.state).toBe('open'));
    await link.close();
  });

  it('cuts a stranger off that sends much before its handshake', async () => {
    const listener = await open({ handshakeMs: 10_000 });
    const { socket, text, closed } = rawSocket(listener);
    socket.write(
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
    await until(() => expect(text()).toContain('101'));
    // A frame of 400 000 bytes, of which a quarter comes.
    socket.write(Buffer.concat([Buffer.from('82ff0000000000061a8000000000', 'hex'), Buffer.alloc(100_000)]));
    await until(() => expect(closed()).toBe(true));
  });

  it('takes no more connections than it may', async () => {
    const listener = await open({}, 2);
    const inside = [rawSocket(listener), rawSocket(listener)];
    await until(() => expect(inside.map(({ socket }) => socket.readyState)).toEqual(['open', 'open']));
    const outside = rawSocket(listener);
    await until(() => expect(outside.closed()).toBe(true));
    expect(inside.map(({ closed }) => closed())).toEqual([false, false]);
  });

  it('refuses to listen beyond loopback without being told to', async () => {
    const options = { port: 0, accept: (): Acceptance => ({ refuse: { code: 'closed', reason: '' } }) };
    await expect(listen({ ...options, host: '0.0.0.0' })).rejects.toMatchObject({ code: 'insecure-listen' });
    const listener = await listen({ ...options, host: '0.0.0.0', insecure: true });
    await listener.close();
  });

  it('names the address that is in use', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    // A TCP server's address is never a string.
    const { port } = holder.address() as AddressInfo;
    const attempt = listen({ host: '127.0.0.1', port, accept: () => ({ refuse: { code: 'closed', reason: '' } }) });
    await expect(attempt).rejects.toMatchObject({ code: 'address-in-use', message: expect.stringContaining(`127.0.0.1:${port}`) });
    await new Promise((resolve) => holder.close(resolve));
  });

  it.each([
    ['', 0],
    ['127.0.0.1', -1],
    ['127.0.0.1', 65_536],
    ['127.0.0.1', 1.5],
  ])('rejects the address %j port %d', async (host, port) => {
    const attempt = listen({ host, port, accept: () => ({ refuse: { code: 'closed', reason: '' } }) });
    await expect(attempt).rejects.toMatchObject({ code: 'bad-argument' });
  });

  it.each([
    '',
    'ws://',
    'ws://host',
    'http://127.0.0.1:1',
    'ws://127.0.0.1:0',
    'ws://127.0.0.1:99999',
    'ws://a b:1',
    'ws://h:1/path',
    'memory://x:1',
  ])('throws on the url %j', (url) => {
    expect(() => dial({ url, attributes: {}, handlers: new Witness().handlers })).toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    );
  });

  it.each<Partial<LinkOptions>>([
    { maxBatchBytes: 0 },
    { heartbeatMs: 1.5 },
    { closeTimeoutMs: 2 ** 31 },
    { silenceMs: 600, heartbeatMs: 500 },
    { lowWaterBytes: 2, highWaterBytes: 1 },
    { redialMinMs: 600 },
  ])('throws on the link options %j', (link) => {
    expect(() => dial({ url: 'ws://127.0.0.1:1', attributes: {}, handlers: new Witness().handlers, link })).toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    );
  });
});
