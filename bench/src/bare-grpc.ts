import type { ServiceDefinition } from '@grpc/grpc-js';

const bytes = (value: Buffer): Buffer => value;

/** One bidirectional stream of raw buffers: gRPC with nothing of pagewire in it. */
export const bareService = {
  ask: {
    path: '/bare.Bare/Ask',
    requestStream: true,
    responseStream: true,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  },
} as const satisfies ServiceDefinition;
