export { RingReader, RingWriter } from './bulk-ring.js';
export { type Frame, FrameRingReader, FrameRingWriter, MAX_FRAME_BYTES } from './frame-ring.js';
export { hasSharedMemory, type RingOffer } from './ring-file.js';
