export {
  bidiHandler,
  type CallContext,
  clientStreamHandler,
  serverStreamHandler,
  unaryHandler,
} from './handlers.js';
export { type RunningServer, type ServedService, startServer, type StartServerOptions } from './server.js';
