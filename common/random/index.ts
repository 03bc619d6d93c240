export { randn, TorchGenerator } from './torch-generator.js';
