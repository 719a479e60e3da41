import fc from 'fast-check';

/** What a stranger says to a port, piece by piece. */
export interface Speech {
  readonly kind: string;
  readonly pieces: readonly Uint8Array[];
}

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const speech = (kind: string, pieces: fc.Arbitrary<readonly Uint8Array[]>): fc.Arbitrary<Speech> =>
  pieces.map((said) => ({ kind, pieces: said }));
const garbage = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(new Uint8Array(20_000).fill(0x41), new Uint8Array(70_000)));

const method = fc.oneof(
  fc.constantFrom('GET', 'POST', 'PUT', 'CONNECT', 'OPTIONS', 'TRACE', 'PRI', 'get', ''),
  fc.string({ maxLength: 8 }),
);
const target = fc.oneof(
  fc.constantFrom('/', '*', '//', 'http://x/', '/pagewire.Link/Exchange', `/${'a'.repeat(9000)}`, '/%00%ff', ''),
  fc.string({ maxLength: 20 }),
);
const version = fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/9.9', 'HTTP/0.9', '', 'x');
const header = fc.oneof(
  fc.constantFrom(
    'Host: x',
    'Connection: Upgrade',
    'Connection: keep-alive',
    'Upgrade: websocket',
    'Upgrade: h2c',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Version: 99',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    'Sec-WebSocket-Key: short',
    'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=0',
    'Sec-WebSocket-Protocol: a,,b',
    'Origin: http://evil',
    'Content-Length: 10',
    'Content-Length: -1',
    'Content-Length: 99999999999999999999',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: gzip, chunked',
    'Expect: 100-continue',
    'HTTP2-Settings: AAMAAABkAAQAAP__',
    `Cookie: ${'x'.repeat(9000)}`,
    ': no name',
    ' folded',
    'no colon',
    'Host: a\0b',
  ),
  fc.string({ maxLength: 40 }),
);
const body = fc.oneof(
  fc.constantFrom('', '0\r\n\r\n', 'ffffffffff\r\n', '5\r\nabcde\r\n0\r\n\r\n', 'x'.repeat(20_000)),
  fc.string({ maxLength: 60 }),
);
const request = fc
  .tuple(method, target, version, fc.array(header, { maxLength: 10 }), body)
  .map(([verb, where, spoken, headers, rest]) =>
    bytes(`${verb} ${where} ${spoken}\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n${rest}`),
  );

const upgradeLines = ['GET / HTTP/1.1', 'Host: x', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
/** The handshake of RFC 6455, section 4. */
const upgrade = bytes([...upgradeLines, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', '', ''].join('\r\n'));

/** The first message of a link, with a session of its own, as a client. */
const hello = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((session) => {
  const head = Buffer.alloc(8);
  head[0] = 1;
  head.write('PGWR', 1);
  head.writeUInt16LE(2, 5);
  const attribute = Buffer.concat([Buffer.of(1, 4), bytes('role'), Buffer.of(0, 6, 0), bytes('client')]);
  return Buffer.concat([head, session, Buffer.alloc(8), attribute]);
});

/** A frame as RFC 6455, section 5.2 has it, where nothing need fit together. */
const webSocketFrame = fc
  .record({
    first: fc.oneof(fc.constantFrom(0x82, 0x82, 0x81, 0x80, 0x00, 0x02, 0x88, 0x89, 0x8a, 0xc2, 0xa2, 0x92, 0x83, 0x8f, 0x09), fc.nat(255)),
    masked: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    claimed: fc.option(fc.constantFrom(0, 1, 125, 126, 65_535, 65_536, 2 ** 20, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER), { freq: 5 }),
    payload: fc.oneof({ weight: 3, arbitrary: garbage }, { weight: 2, arbitrary: hello }),
  })
  .map(({ first, masked, claimed, payload }) => {
    const head = Buffer.alloc(masked ? 14 : 10);
    head[0] = first;
    head[1] = (masked ? 0x80 : 0) | 127;
    head.writeBigUInt64BE(BigInt(claimed ?? payload.length), 2);
    return Buffer.concat([head, payload]);
  });
const pings = fc.nat(2000).map((count) => Buffer.concat(new Array<Buffer>(count).fill(Buffer.of(0x89, 0x80, 0, 0, 0, 0))));
const message = (payload: Uint8Array): Buffer => {
  const head = Buffer.alloc(14);
  head[0] = 0x82;
  head[1] = 0xff;
  head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, payload]);
};
const webSocket = fc
  .tuple(
    fc.option(hello, { freq: 2 }),
    fc.array(fc.oneof({ weight: 8, arbitrary: webSocketFrame }, { weight: 1, arbitrary: pings }), { maxLength: 6 }),
  )
  .map(([greeting, frames]) => [upgrade, ...(greeting === null ? [] : [message(greeting)]), ...frames]);

const preface = bytes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** A frame as RFC 9113, section 4.1 has it, of any type, with any flags, on any stream, and any length claimed. */
const http2Frame = fc
  .record({
    type: fc.oneof({ weight: 6, arbitrary: fc.nat(9) }, { weight: 1, arbitrary: fc.nat(255) }),
    flags: fc.nat(255),
    stream: fc.oneof(fc.constantFrom(0, 1, 1, 2, 3), fc.nat(2 ** 31 - 1)),
    claimed: fc.option(fc.constantFrom(0, 1, 4, 5, 6, 8, 16_384, 16_385, 2 ** 24 - 1), { freq: 4 }),
    payload: fc.oneof(
      fc.constantFrom(new Uint8Array(0), new Uint8Array(4), new Uint8Array(6), new Uint8Array(8)),
      fc.uint8Array({ maxLength: 80 }),
    ),
  })
  .map(({ type, flags, stream, claimed, payload }) => {
    const head = Buffer.alloc(9);
    head.writeUIntBE(claimed ?? payload.length, 0, 3);
    head[3] = type;
    head[4] = flags;
    head.writeUInt32BE(stream, 5);
    return Buffer.concat([head, payload]);
  });
const settings = Buffer.of(0, 0, 0, 4, 0, 0, 0, 0, 0);
const http2 = fc
  .tuple(fc.boolean(), fc.array(http2Frame, { maxLength: 12 }))
  .map(([settled, frames]) => [preface, ...(settled ? [settings] : []), ...frames]);

/** Everything that somebody who is no peer may say, in whatever pieces it arrives. */
export const speeches: fc.Arbitrary<Speech> = fc.oneof(
  speech('bytes', fc.array(garbage, { maxLength: 4 })),
  speech('HTTP/1', fc.array(request, { minLength: 1, maxLength: 3 })),
  speech('WebSocket', webSocket),
  speech('HTTP/2', http2),
  speech(
    'beginnings',
    fc.tuple(fc.constantFrom(preface, upgrade), fc.nat(200)).map(([whole, length]) => [whole.subarray(0, length)]),
  ),
);

/** A request over a sound HTTP/2 connection: a path and headers of any kind, and what stands for gRPC messages (a flag, a length, bytes). */
export interface Http2Request {
  readonly headers: Readonly<Record<string, string>>;
  readonly chunks: readonly Uint8Array[];
  readonly ends: boolean;
}

const grpcMessage = fc
  .tuple(fc.constantFrom(0, 0, 0, 1, 255), fc.option(fc.constantFrom(0, 1, 2 ** 20, 2 ** 32 - 1), { freq: 3 }), fc.oneof(garbage, hello))
  .map(([flag, claimed, payload]) => {
    const head = Buffer.alloc(5);
    head[0] = flag;
    head.writeUInt32BE(claimed ?? payload.length, 1);
    return Buffer.concat([head, payload]);
  });

export const http2Requests: fc.Arbitrary<Http2Request> = fc.record({
  headers: fc
    .record(
      {
        ':method': fc.constantFrom('POST', 'POST', 'POST', 'GET', 'PUT'),
        ':path': fc.constantFrom(
          '/pagewire.Link/Exchange',
          '/pagewire.Link/Exchange',
          '/pagewire.Link/Nothing',
          '/grpc.health.v1.Health/Check',
          '/',
          '/x',
        ),
        'content-type': fc.constantFrom('application/grpc', 'application/grpc', 'application/grpc+json', 'text/html'),
        te: fc.constant('trailers'),
        'grpc-timeout': fc.constantFrom('1n', '99999999H', '-1S', 'x'),
        'grpc-encoding': fc.constantFrom('gzip', 'identity', 'x'),
        'grpc-accept-encoding': fc.constantFrom('gzip', 'x'),
        'x-any': fc.stringMatching(/^[a-z0-9 ]{0,40}$/),
        'x-bin': fc.constantFrom('AAAA', '!!!'),
      },
      { requiredKeys: [':path', ':method'] },
    )
    .map((headers): Readonly<Record<string, string>> => headers),
  chunks: fc.array(fc.oneof({ weight: 3, arbitrary: grpcMessage }, { weight: 1, arbitrary: garbage }), { maxLength: 4 }),
  ends: fc.boolean(),
});
