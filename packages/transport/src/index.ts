export type { Channel, ChannelEnd, ChannelEvents, TransportName } from './channel.js';
export {
  addressInUse,
  type ChannelAddress,
  type ChannelLinks,
  type ChannelNetwork,
  linksOver,
} from './channel-network.js';
export { dial } from './dial.js';
export type {
  Acceptance,
  AcceptedLink,
  Attributes,
  DialOptions,
  Link,
  LinkEnd,
  LinkHandlers,
  LinkOptions,
  Listener,
  ListenOptions,
} from './link.js';
export { linkDefaults, transportLimits } from './link-defaults.js';
export { checkLinkUrl } from './link-url.js';
export { listen } from './listen.js';
export { createMemoryNetwork, type MemoryNetwork } from './memory-network.js';
