export { Deadline } from './deadline.js';
export { describeProcess, describeWith } from './descriptions.js';
export { Mailbox } from './mailbox.js';
export { addWait, describeWaits, type OpenWait, openWaits, removeWait } from './open-waits.js';
export { Pending, type WaitOptions } from './pending.js';
