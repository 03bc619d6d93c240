import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'onnxruntime-node';
import { AsyncDiffError } from '../../common/errors/index.js';
import { adaptPredictor, type PredictorAdaptation } from './adapt.js';
import { buildCostGraph } from './build-cost-graph.js';
import { calibrateCosts } from './calibrate.js';
import { foldModel } from './fold.js';
import { declaredValues, describePredictor, type PredictorDescription } from './inputs.js';
import { hashModel, loadModelFile, type ModelFile } from '../../common/model-file/index.js';
import type { CostGraph } from '../search/index.js';
import { encodeModel } from '../../common/model-file/index.js';
import { checkCancelled, type OptimizationLevel } from '../../execution/index.js';
import { PACKED_GRAPH, packModel } from './pack-model.js';
import { PREPARED_FORMAT, type PreparedModel, readPrepared, writeManifest } from './prepared-model.js';
import { DEFAULT_PROFILE, profileGraph, type ProfileSettings } from './profile.js';
import { restoreWeights } from './restore-weights.js';
import { type InputShapes, resolveShapes } from './static-shapes.js';
import type { ValueSpec } from '../../common/tensor/index.js';

/** What to prepare, and how. */
export interface PrepareOptions {
  readonly modelPath: string;
  /** What is done to the graph first. */
  readonly adaptation?: PredictorAdaptation | undefined;
  /** Shapes of the inputs that the model leaves open, by name; `sample` is enough for most models. */
  readonly inputShapes: InputShapes;
  /** Values that a component is to end with (`--cut`), which folding must not remove. */
  readonly keepValues?: readonly string[] | undefined;
  /** Folder for prepared models; a second call with the same model, shapes, values and threads takes what it finds there. */
  readonly workDir: string;
  /** ONNX Runtime threads to measure with; 1 unless set. */
  readonly threads?: number | undefined;
  /** Level that segments will run at, which the costs are then for; `extended` unless set. */
  readonly optimizationLevel?: OptimizationLevel | undefined;
  readonly profile?: Partial<Omit<ProfileSettings, 'threads'>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Inputs, outputs and open dimensions of a noise predictor. Reads the model file, runs nothing. */
export function describeModel(modelPath: string, adaptation?: PredictorAdaptation): PredictorDescription {
  const { model } = loadModelFile(modelPath);
  adaptPredictor(model, adaptation);
  return describePredictor(model);
}

/** Inputs and outputs of any model, as its file declares them. Reads the file, runs nothing. */
export function describeInputs(modelPath: string): Pick<PredictorDescription, 'inputs' | 'outputs'> {
  return declaredValues(loadModelFile(modelPath).model);
}

/**
 * Makes a model ready to be cut: static shapes, constant folding, a measured cost for each node. ONNX Runtime blocks the
 * JavaScript thread while it works: call it from a worker_thread where the network must not stand still. It holds no
 * state between calls.
 *
 * @throws AsyncDiffError `model_not_found`, `model_invalid`, `model_unsupported`, `file_not_found` (external data),
 * `invalid_input` (shapes), `partition_impossible` (a value to keep that does not exist), `cancelled`.
 */
export async function prepareModel(options: PrepareOptions): Promise<PreparedModel> {
  const { signal } = options;
  const threads = options.threads ?? 1;
  const level = options.optimizationLevel ?? 'extended';
  const keepValues = [...new Set(options.keepValues ?? [])].sort();
  const file = loadModelFile(options.modelPath);
  adaptPredictor(file.model, options.adaptation);
  const predictor = describePredictor(file.model);
  const inputs = resolveShapes(predictor, options.inputShapes);
  checkCancelled(signal);
  const modelSha256 = await hashModel(file);
  checkCancelled(signal);

  const key = cacheKey({ modelSha256, adaptation: options.adaptation, inputs, keepValues, threads, level });
  const folder = join(options.workDir, key);
  const known = readPrepared(folder);
  if (known) return known;

  mkdirSync(options.workDir, { recursive: true });
  const scratch = join(options.workDir, `tmp-${key.slice(0, 12)}-${randomUUID()}`);
  mkdirSync(scratch);
  try {
    const made = join(scratch, 'prepared');
    mkdirSync(made);
    const originalNodeCount = file.model.graph?.node?.length ?? 0;
    const settings = { ...DEFAULT_PROFILE, ...options.profile, threads };
    const graph = await foldAndProfile(
      file,
      predictor,
      inputs,
      keepValues,
      settings,
      { scratch, made },
      signal,
    );
    const source = { graph, folder: made, foldedModelPath: join(made, PACKED_GRAPH) };
    writeManifest(made, {
      modelSha256,
      graph: await calibrateCosts(source, level, settings, scratch, signal),
      conditioningInputs: predictor.conditioning.map((input) => input.name),
      opset: predictor.opset,
      ortVersion: env.versions.node ?? '',
      threads,
      optimizationLevel: level,
      originalNodeCount,
    });
    publish(made, folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const prepared = readPrepared(folder);
  if (!prepared) throw new AsyncDiffError('internal', `no prepared model in ${folder}`);
  return { ...prepared, fromCache: false };
}

/** Folds, profiles and packs a model: its files into `folders.made`, what it needs on the way into `folders.scratch`. */
async function foldAndProfile(
  file: ModelFile,
  predictor: PredictorDescription,
  inputs: readonly ValueSpec[],
  keepValues: readonly string[],
  settings: ProfileSettings,
  folders: { readonly scratch: string; readonly made: string },
  signal: AbortSignal | undefined,
): Promise<CostGraph> {
  const original = { ...file.model.graph };
  const folded = await foldModel(file, predictor, inputs, keepValues, folders.scratch, signal);
  const graph = folded.model.graph ?? {};
  const nodes = graph.node ?? [];

  // The profile runs the graph as folded: with casts in front of its weights it would time them.
  const profiledPath = join(folded.folder, 'profiled.onnx');
  writeFileSync(profiledPath, encodeModel(folded.model));
  const profile = await profileGraph(
    profiledPath,
    nodes,
    inputs,
    predictor.timestep.name,
    settings,
    folders.scratch,
    signal,
  );

  const stored = restoreWeights(graph, folded.folder, original, file.folder);
  packModel(folded.model, folded.folder, stored, folders.made);
  return buildCostGraph(nodes, stored, profile, predictor, inputs);
}

/** Everything that a prepared model depends on. */
function cacheKey(made: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify({ format: PREPARED_FORMAT, ort: env.versions.node, ...made });
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** Moves a finished folder into place. If another process was first, what it made is as good. */
function publish(made: string, folder: string): void {
  try {
    if (readPrepared(folder) === undefined) rmSync(folder, { recursive: true, force: true });
    renameSync(made, folder);
  } catch (error) {
    if (readPrepared(folder) === undefined) throw error;
  }
}
