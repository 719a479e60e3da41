import type { ServiceDefinition } from '@grpc/grpc-js';

const same = (bytes: Buffer): Buffer => bytes;

/** The service of `proto/pagewire.proto`, with messages passed through as they are. A test holds the two against each other. */
export const linkService = {
  Exchange: {
    path: '/pagewire.Link/Exchange',
    requestStream: true,
    responseStream: true,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  },
} satisfies ServiceDefinition;

/** Options of both ends of a gRPC connection. */
export const grpcOptions = (maxMessageBytes: number) => ({
  'grpc.max_send_message_length': maxMessageBytes,
  'grpc.max_receive_message_length': maxMessageBytes,
  // The default window of 64 KiB stalls a batch of pages for a round trip every 16 pages.
  'grpc-node.flow_control_window': 1024 * 1024,
  'grpc.enable_channelz': 0,
});
