export { Conversation, type ConversationOptions } from './conversation.js';
export { describeWorker } from './hello.js';
export { type JoinLoop, startJoinLoop } from './join-loop.js';
export { localAddressTowards } from './local-address.js';
export { probeHandler } from './probe.js';
