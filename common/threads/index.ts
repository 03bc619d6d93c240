export { inTurn } from './in-turn.js';
export { serveThread, type ThreadAnswer } from './serve-thread.js';
export { ThreadClient } from './thread-client.js';
