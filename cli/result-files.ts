import { basename, dirname, extname, join } from 'node:path';
import { moving } from '../common/image/index.js';
import type { JobResult } from '../client/index.js';
import { AsyncDiffError } from '../common/errors/index.js';
import { writeMp4 } from './mp4.js';
import { writeWhole } from '../common/write-whole.js';
import { imagePaths, promptPaths, writeImage } from './output.js';

/** What `generate --out` may end in. */
export const RESULT_ENDINGS = ['.png', '.jpg', '.jpeg', '.webp', '.npy', '.gif', '.mp4', '.wav'] as const;
const PICTURES: readonly string[] = ['.png', '.jpg', '.jpeg', '.webp', '.npy'];
/** Endings that hold all frames of a video; with another there is a file for each. */
const MOVING: readonly string[] = ['.webp', '.gif', '.mp4'];

type Results = Pick<JobResult, 'images' | 'video' | 'audio'>;

interface ResultPlace {
  /** As `--out` has it; undefined: named by the prompt. */
  readonly out: string | undefined;
  readonly prompt: string;
}

/**
 * Writes what a job made, and gives the paths: a file for each picture, video or sound; with a picture's ending a file for each frame of a video.
 * An ending that cannot hold it is replaced.
 * @param note is told of such a replacement
 * @throws AsyncDiffError `invalid_settings` where ffmpeg fails
 */
export async function writeResults(
  place: ResultPlace,
  results: Results,
  note: (text: string) => void,
): Promise<string[]> {
  const { images, video, audio } = results;
  const [kinds, fallback] = kindOf(results);
  const asked = place.out === undefined ? fallback : extname(place.out).toLowerCase();
  const ending = kinds.includes(asked) ? asked : fallback;
  const out = place.out === undefined ? undefined : withEnding(place.out, ending, asked);
  if (out !== undefined && out !== place.out)
    note(`${place.out}: ${asked} cannot hold what this model makes; it is in ${out}`);
  const named = (count: number): string[] =>
    out === undefined ? promptPaths(place.prompt, count, ending) : imagePaths(out, count);
  if (audio.length > 0) return await writeEach(named(audio.length), audio, writeWhole);
  if (video === undefined) return await writeEach(named(images.length), images, writeImage);
  const videos = Array.from({ length: images.length / video.frames }, (_, at) =>
    images.slice(at * video.frames, (at + 1) * video.frames),
  );
  const places = named(videos.length);
  if (MOVING.includes(ending))
    return await writeEach(places, videos, async (path, frames) => {
      if (ending === '.mp4') await writeMp4(path, frames, video.fps);
      else await writeWhole(path, await moving(frames, video.fps, ending === '.gif' ? 'gif' : 'webp'));
    });
  const frames = places.flatMap((path) => imagePaths(path, video.frames));
  return await writeEach(frames, images, writeImage);
}

/** Endings that can hold it, and the one where none is asked for. */
function kindOf({ video, audio }: Results): [readonly string[], string] {
  if (audio.length > 0) return [['.wav'], '.wav'];
  return video === undefined ? [PICTURES, '.png'] : [[...PICTURES, ...MOVING], '.webp'];
}

function withEnding(path: string, ending: string, asked: string): string {
  return ending === asked ? path : join(dirname(path), `${basename(path, extname(path))}${ending}`);
}

async function writeEach<T>(
  paths: readonly string[],
  contents: readonly T[],
  write: (path: string, content: T) => Promise<void>,
): Promise<string[]> {
  if (paths.length !== contents.length)
    throw new AsyncDiffError('internal', `${contents.length} results for ${paths.length} files`);
  for (const [at, content] of contents.entries()) await write(paths[at] as string, content);
  return [...paths];
}
