// The process of the proxies: it does what its parent tells it, and ends with it.
import { type Direction, socketOwner, TcpProxy, type WeatherEffects } from '@pagewire/test';
import type { Lost } from '../faults.js';
import type { ProxyAnswer, ProxyCall, ProxyReply, ProxyRequest } from './proxy-calls.js';

const proxies = new Map<number, TcpProxy>();
let dialers: readonly (readonly [member: number, pid: number])[] = [];

const drops: Record<Lost, readonly Direction[]> = { in: ['in'], out: ['out'], both: ['in', 'out'] };

function proxy(number: number): TcpProxy {
  const found = proxies.get(number);
  if (found === undefined) throw new Error(`there is no proxy ${number}`);
  return found;
}

function dialerOf({ remotePort }: { readonly remotePort?: number | undefined }): number | undefined {
  if (remotePort === undefined || dialers.length === 0) return undefined;
  const owner = socketOwner(
    remotePort,
    dialers.map(([, pid]) => pid),
  );
  return dialers.find(([, pid]) => pid === owner)?.[0];
}

async function perform(call: ProxyCall): Promise<ProxyAnswer> {
  switch (call.do) {
    case 'open': {
      const opened = await TcpProxy.open({ host: call.host, port: call.port, dialerOf });
      proxies.set(call.proxy, opened);
      return { port: opened.port };
    }
    case 'aim':
      proxy(call.proxy).aim(call.port, call.host);
      return undefined;
    case 'dialers':
      dialers = call.pids;
      return undefined;
    case 'weather': {
      const { delayMs, jitterMs, rate } = call.slow;
      const drop = new Set(call.lost === undefined ? [] : drops[call.lost]);
      const bytesPerSecond = rate === 0 ? Number.POSITIVE_INFINITY : rate;
      proxy(call.proxy).setWeather(call.dialer, { drop, delayMs, jitterMs, bytesPerSecond });
      return undefined;
    }
    case 'cut':
      proxy(call.proxy).cut(call.dialer);
      return undefined;
    case 'effects':
      return [...proxies.values()].reduce<WeatherEffects>(
        (sum, { effects }) => ({
          droppedBytes: sum.droppedBytes + effects.droppedBytes,
          lateBytes: sum.lateBytes + effects.lateBytes,
          cutConnections: sum.cutConnections + effects.cutConnections,
        }),
        { droppedBytes: 0, lateBytes: 0, cutConnections: 0 },
      );
  }
}

// A terminal's Ctrl-C reaches the whole process group; the parent decides when this process ends.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
process.on('message', async ({ id, call }: ProxyRequest) => {
  const reply = await perform(call).then(
    (answer): ProxyReply => ({ id, ...(answer === undefined ? {} : { answer }) }),
    (error: unknown): ProxyReply => ({ id, failure: error instanceof Error ? error.message : String(error) }),
  );
  if (process.connected) process.send?.(reply);
});
