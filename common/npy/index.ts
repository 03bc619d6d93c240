export { formatNpy, parseNpy, readNpy, writeNpy } from './npy.js';
