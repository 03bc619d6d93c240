export { ExchangeClient, type ExchangeClientOptions } from './exchange-client.js';
export {
  DEFAULT_MAX_IN_FLIGHT_BYTES,
  ExchangeServer,
  type ExchangeServerOptions,
} from './exchange-server.js';
export { hasSharedMemory } from './shared-memory/index.js';
export type { SentTensor } from './sent-tensor.js';
export { DeploymentSecrets } from './deployment-secrets.js';
