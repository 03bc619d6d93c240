export { Deadline } from './deadline.js';
export { describeProcess, describeWith } from './descriptions.js';
export { Mailbox } from './mailbox.js';
export { addWait, describeWaits, openWaits, removeWait } from './open-waits.js';
export { Pending } from './pending.js';
