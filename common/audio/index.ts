export { encodeWav, type Sound } from './wav.js';
