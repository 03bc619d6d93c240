export {
  bidiHandler,
  type CallContext,
  clientStreamHandler,
  serverStreamHandler,
  unaryHandler,
} from './handlers.js';
export { type RunningServer, type ServedService, startServer, type StartServerOptions } from './server.js';
export { type Access, ANYONE, type Caller } from './admission.js';
export { FileKeyRing, makeKey, readKeyFile, ROLES, type StoredKey, writeKeyFile } from './key-file.js';
