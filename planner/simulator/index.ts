export { chooseSettings } from './choose-settings.js';
export { idealSpeedup, roundShare } from './ideal-speedup.js';
export { simulate } from './simulate.js';
