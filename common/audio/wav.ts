/** Sound as a pipeline gives it. */
export interface Sound {
  /** Samples a second. */
  readonly rate: number;
  /** Samples of each channel, [-1, 1] as a rule; all of one length. */
  readonly channels: readonly Float32Array[];
}

const HEADER_BYTES = 58;
/** WAVE_FORMAT_IEEE_FLOAT. */
const FLOAT = 3;
const SAMPLE_BYTES = 4;

/** A WAV file of 32-bit floats: the very samples, not clipped, not rounded. */
export function encodeWav({ rate, channels }: Sound): Uint8Array {
  const frames = channels[0]?.length ?? 0;
  const frameBytes = channels.length * SAMPLE_BYTES;
  const bytes = frames * frameBytes;
  const file = Buffer.alloc(HEADER_BYTES + bytes);
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(HEADER_BYTES - 8 + bytes, 4);
  file.write('WAVEfmt ', 8, 'latin1');
  file.writeUInt32LE(18, 16);
  file.writeUInt16LE(FLOAT, 20);
  file.writeUInt16LE(channels.length, 22);
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(rate * frameBytes, 28);
  file.writeUInt16LE(frameBytes, 32);
  file.writeUInt16LE(SAMPLE_BYTES * 8, 34);
  // No extension; formats that are not PCM have a count of samples besides.
  file.writeUInt16LE(0, 36);
  file.write('fact', 38, 'latin1');
  file.writeUInt32LE(4, 42);
  file.writeUInt32LE(frames, 46);
  file.write('data', 50, 'latin1');
  file.writeUInt32LE(bytes, 54);
  channels.forEach((samples, channel) =>
    samples.forEach((sample, frame) =>
      file.writeFloatLE(sample, HEADER_BYTES + (frame * channels.length + channel) * SAMPLE_BYTES),
    ),
  );
  return file;
}
