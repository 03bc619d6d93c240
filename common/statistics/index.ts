export { bootstrapInterval } from './bootstrap.js';
export { arithmeticMean, geometricMean } from './geometric-mean.js';
export { median } from './median.js';
export { meanSquaredError, variance } from './squared-error.js';
