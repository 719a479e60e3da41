export { type ErrorCode, PagewireError, type RegionOptions, type RegionRecord } from '@pagewire/protocol';
export { Admin, connectAdmin, requestStatus } from './admin.js';
export { Client, connect } from './client.js';
export type { ClientRegion } from './client-region.js';
export { type ConnectOptions, clientDefaults } from './connect-options.js';
export type { Status } from './directory-requests.js';
export type { SessionState } from './session.js';
