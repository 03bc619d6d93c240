export { Mt19937 } from './mt19937.js';
export { BrownianInterval } from './brownian-interval.js';
export { seedSequence } from './seed-sequence.js';
export { randn, TorchGenerator } from './torch-generator.js';
