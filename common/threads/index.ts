export { serveThread, type ThreadAnswer, type ThreadHandlers, type ThreadServer } from './serve-thread.js';
export { type ThreadCallOptions, ThreadClient, type ThreadClientOptions } from './thread-client.js';
