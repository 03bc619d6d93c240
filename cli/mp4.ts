import { spawn } from 'node:child_process';
import { AsyncDiffError } from '../common/errors/index.js';
import { makeWhole } from '../common/write-whole.js';

const FFMPEG = 'ffmpeg';
const MAX_MESSAGE = 400;

/** Whether the user's ffmpeg is there, before anything is drawn that it is to write. Throws `invalid_settings` where it is not. */
export async function findFfmpeg(): Promise<void> {
  await run(['-hide_banner', '-version'], []);
}

/** Frames (PNG) as an MP4 file of H.264, by the user's ffmpeg; it appears whole or not at all. Throws `invalid_settings`. */
export async function writeMp4(path: string, frames: readonly Uint8Array[], fps: number): Promise<void> {
  const input = ['-f', 'image2pipe', '-framerate', String(fps), '-c:v', 'png', '-i', '-'];
  // Players want the colours at half the size, which takes even edges.
  const picture = ['-vf', 'pad=ceil(iw/2)*2:ceil(ih/2)*2', '-pix_fmt', 'yuv420p', '-movflags', '+faststart'];
  const quietly = ['-hide_banner', '-loglevel', 'error', '-y'];
  await makeWhole(path, (part) => run([...quietly, ...input, ...picture, '-f', 'mp4', part], frames));
}

function run(args: readonly string[], input: readonly Uint8Array[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(FFMPEG, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    let told = '';
    child.stderr.on('data', (data: Buffer) => (told = (told + data.toString()).slice(-MAX_MESSAGE)));
    child.on('error', (cause) => {
      reject(
        new AsyncDiffError('invalid_settings', `an .mp4 is written by ${FFMPEG}, which cannot be started`, {
          hint: 'Install ffmpeg so that it is in the PATH, or write .webp or .gif, or .png for a file a frame.',
          cause,
        }),
      );
    });
    child.on('close', (code) => {
      if (code === 0) resolve();
      else
        reject(
          new AsyncDiffError(
            'invalid_settings',
            `${FFMPEG} ended with ${code}: ${told.trim() || 'no message'}`,
            {
              hint: 'Write .webp or .gif, or .png for a file a frame.',
            },
          ),
        );
    });
    // It ends early where it fails; its code and message say why.
    child.stdin.on('error', () => undefined);
    for (const data of input) child.stdin.write(data);
    child.stdin.end();
  });
}
