import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkLinkUrl } from '../src/index.js';
import { isLoopback, parseLinkUrl, showLinkUrl } from '../src/link-url.js';

describe('the url of a peer', () => {
  it.each([
    ['ws://127.0.0.1:7070', { transport: 'ws', host: '127.0.0.1', port: 7070 }],
    ['ws://127.0.0.1:80', { transport: 'ws', host: '127.0.0.1', port: 80 }],
    ['grpc://[::1]:65535', { transport: 'grpc', host: '::1', port: 65_535 }],
    ['ws://[::ffff:10.0.0.1]:1', { transport: 'ws', host: '::ffff:10.0.0.1', port: 1 }],
    ['grpc://node-1.example.org:443/', { transport: 'grpc', host: 'node-1.example.org', port: 443 }],
    ['ws://stack_node_1:7070', { transport: 'ws', host: 'stack_node_1', port: 7070 }],
    ['ws://10.example:7070', { transport: 'ws', host: '10.example', port: 7070 }],
    ['ws://example.org.:7070', { transport: 'ws', host: 'example.org.', port: 7070 }],
  ])('%s is understood', (url, address) => {
    expect(parseLinkUrl(url)).toEqual(address);
    expect(checkLinkUrl(url)).toBeUndefined();
  });

  it.each([
    ['', 'not made of'],
    ['ws://', 'not made of'],
    ['ws://host', 'not made of'],
    ['http://127.0.0.1:1', 'not made of'],
    ['ws://a b:1', 'not made of'],
    ['ws://h:1/path', 'not made of'],
    ['ws://user@h:1', 'not made of'],
    ['ws://127.0.0.1:0', 'port'],
    ['ws://127.0.0.1:99999', 'port'],
    ['ws://10.0.0.256:7070', 'host'],
    ['ws://10.0.0:7070', 'host'],
    ['ws://2130706433:7070', 'host'],
    ['ws://0x7f.0x1:7070', 'host'],
    ['ws://127.0.0.01:7070', 'host'],
    ['grpc://[:::]:7070', 'host'],
    ['grpc://[127.0.0.1]:7070', 'host'],
    ['grpc://[1::2::3]:7070', 'host'],
    ['grpc://a^b:7070', 'host'],
    ['grpc://%zz:7070', 'host'],
    ['ws://-a:7070', 'host'],
    ['ws://a..b:7070', 'host'],
    ['ws://.:7070', 'host'],
    [`ws://${'a'.repeat(64)}:7070`, 'host'],
    [`ws://${'a.'.repeat(127)}a:7070`, 'host'],
  ])('%s is refused, saying what is wrong with its %s', (url, what) => {
    expect(checkLinkUrl(url)).toContain(what);
    expect(() => parseLinkUrl(url)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });

  it('is repeated only in part when it is long', () => {
    expect(checkLinkUrl(`ws://${'a'.repeat(10_000)}:1`)?.length).toBeLessThan(300);
  });

  it('never makes the check throw', () => {
    const shaped = fc.tuple(fc.string(), fc.integer({ min: -9, max: 99_999 })).map(([host, port]) => `ws://${host}:${port}`);
    fc.assert(fc.property(fc.oneof(fc.string(), shaped), (url) => ['string', 'undefined'].includes(typeof checkLinkUrl(url))));
  });

  it('is shown as it can be read again', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()), fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        const address = { transport: 'grpc', host, port } as const;
        expect(parseLinkUrl(showLinkUrl(address))).toEqual(address);
      }),
    );
  });
});

describe('loopback', () => {
  it.each(['127.0.0.1', '127.255.0.3', '::1', 'localhost'])('%s is', (host) => expect(isLoopback(host)).toBe(true));
  it.each(['127.0.0.999', '127.1', '0.0.0.0', '128.0.0.1', '::', '127.0.0.1.example.org'])('%s is not', (host) =>
    expect(isLoopback(host)).toBe(false),
  );
});
