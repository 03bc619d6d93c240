/**
 * What is told of a round when it is done. `noise`: the noise prediction of each of its steps; the caller runs the sampler. The others
 * leave that to the executor, if it is one that samples (SamplingExecutor): `nothing`, that it is done (`progress`), or where its sampler then
 * stands as well (`checkpoint`).
 */
export const ROUND_REPORTS = ['noise', 'nothing', 'progress', 'checkpoint'] as const;
export type RoundReport = (typeof ROUND_REPORTS)[number];
