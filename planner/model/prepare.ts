import { AsyncDiffError } from '../../common/errors/index.js';
import { type ModelFile, modelLabel, producers, writesOf } from '../../common/model-file/index.js';
import { checkCancelled } from '../../execution/index.js';
import { loadAdapted, type PredictorAdaptation } from './adapt.js';
import { buildCostGraph } from './build-cost-graph.js';
import { CPU_CORE, type DeviceSpeed } from './device-speed.js';
import { foldConstants, type FoldedSkeleton } from './fold-constants.js';
import { type GraphRoles, predictorRoles, singlePassRoles, type SinglePassUse } from './graph-roles.js';
import { declaredValues, describePredictor, type PredictorDescription } from './inputs.js';
import { checkSequences, lowerSequences } from './lower-sequences.js';
import { nearest } from './near-names.js';
import { type PreparedModel, preparedKey, readPrepared, writePrepared } from './prepared-model.js';
import { shapeReads } from './shape-reads.js';
import { type Skeleton, skeletonOf } from './skeleton.js';
import { loadWidened } from './widen-bfloat16.js';
import { type InputShapes, resolveShapes } from './static-shapes.js';

/** What to prepare, and how. */
interface PrepareOptions {
  readonly modelPath: string;
  /** What is done to the graph first. */
  readonly adaptation?: PredictorAdaptation | undefined;
  /** Shapes of the inputs that the model leaves open, by name; `sample` is enough for most models. */
  readonly inputShapes: InputShapes | ((predictor: PredictorDescription) => InputShapes);
  /** The model is no noise predictor, and is used so. */
  readonly singlePass?: SinglePassUse | undefined;
  /** Values that a component is to end with (`--cut`). */
  readonly keepValues?: readonly string[] | undefined;
  /** Folder for folded graphs; a second call with the same graph and shapes takes what it finds there. */
  readonly workDir: string;
  /** What the costs are for; one core of a CPU unless set. */
  readonly device?: DeviceSpeed | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after each turn of folding with its number; three or four are usual. */
  readonly onTurn?: ((turn: number) => void) | undefined;
}

/** Inputs, outputs and open dimensions of a noise predictor. Reads the model file, runs nothing. */
export function describeModel(modelPath: string, adaptation?: PredictorAdaptation): PredictorDescription {
  return describePredictor(loadAdapted(modelPath, adaptation).model);
}

/** Inputs and outputs of any model, as its file declares them. Reads the file, runs nothing. */
export function describeInputs(modelPath: string): Pick<PredictorDescription, 'inputs' | 'outputs'> {
  return declaredValues(loadWidened(modelPath).model);
}

/**
 * Makes a model ready to be cut, in seconds whatever its size: static shapes, shape arithmetic computed, a cost for each node from its
 * operations and bytes. No weight is read and nothing is run but shape arithmetic. ONNX Runtime blocks the
 * JavaScript thread while it infers shapes: call it where the network does not have to go on.
 *
 * @throws AsyncDiffError `model_not_found`, `model_invalid`, `model_unsupported`, `file_not_found` (external data),
 * `invalid_input` (shapes), `partition_impossible` (a value to keep that does not exist), `cancelled`.
 */
export async function prepareModel(options: PrepareOptions): Promise<PreparedModel> {
  const { signal, workDir } = options;
  const file = loadAdapted(options.modelPath, options.adaptation);
  lowerSequences(file.model);
  const { roles, shapes } = rolesOf(file, options);
  const inputs = resolveShapes(roles, shapes);
  const keepValues = [...new Set(options.keepValues ?? [])];
  checkKeepValues(file, keepValues, roles.output);
  checkCancelled(signal);
  const originalNodeCount = file.model.graph?.node?.length ?? 0;
  const start = skeletonOf(file, roles, inputs);
  checkSequences(start.nodes);
  checkLive(start, keepValues);
  const key = preparedKey(start);
  const known = readPrepared(workDir, key, start);
  const folded = known ?? (await fold(start, modelLabel(file.path), options));
  const { graph, unknownOperators } = buildCostGraph(folded, roles, options.device ?? CPU_CORE);
  const made = producers(graph.nodes.map(({ outputs }) => ({ output: [...outputs] })));
  for (const name of keepValues) {
    if (made.has(name)) continue;
    throw new AsyncDiffError(
      'partition_impossible',
      `${name} does not depend on any input at these shapes: no component can end there`,
    );
  }
  if (known === undefined) writePrepared(workDir, key, folded);
  return {
    key,
    graph,
    unknownOperators,
    folded,
    conditioningInputs: conditioningOf(roles),
    opset: roles.opset,
    originalNodeCount,
    fromCache: known !== undefined,
  };
}

async function fold(
  start: Skeleton,
  label: string,
  { signal, onTurn, workDir }: PrepareOptions,
): Promise<FoldedSkeleton> {
  const folded = await foldConstants(start, label, signal, onTurn);
  checkCancelled(signal);
  return {
    ...folded,
    skeleton: { ...folded.skeleton, shapeReads: await shapeReads(start, folded, label, workDir) },
  };
}

function rolesOf(
  { model }: ModelFile,
  { singlePass, inputShapes }: PrepareOptions,
): { roles: GraphRoles; shapes: InputShapes } {
  if (singlePass !== undefined) {
    if (typeof inputShapes === 'function')
      throw new AsyncDiffError('internal', 'a single-pass model has the shapes of its items');
    return { roles: singlePassRoles(model, singlePass), shapes: inputShapes };
  }
  const predictor = describePredictor(model);
  const shapes = typeof inputShapes === 'function' ? inputShapes(predictor) : inputShapes;
  return { roles: predictorRoles(predictor), shapes };
}

/** Inputs that stay the same from step to step, or from item to item. */
function conditioningOf({ inputs, sample, timestep, singlePass }: GraphRoles): string[] {
  const changing = new Set([
    sample?.name,
    timestep?.name,
    ...(singlePass === undefined
      ? []
      : [...singlePass.inputs, ...singlePass.states.map(({ input }) => input)]),
  ]);
  return inputs.map(({ name }) => name).filter((name) => !changing.has(name));
}

function checkKeepValues({ model }: ModelFile, keepValues: readonly string[], outputName: string): void {
  const { node = [], input = [], initializer = [] } = model.graph ?? {};
  const values = node.flatMap(writesOf);
  const known = new Set(values);
  for (const name of keepValues) {
    if (known.has(name)) continue;
    if ([...input, ...initializer].some((value) => value.name === name)) {
      throw new AsyncDiffError(
        'partition_impossible',
        `${name} is an input or a weight: no node produces it, so no component can end there`,
      );
    }
    const near = nearest(name, values, 5);
    throw new AsyncDiffError(
      'partition_impossible',
      `the model has no value ${name}; near it: ${near.join(', ') || outputName}`,
    );
  }
}

/** Every value to keep must lead to the noise prediction. */
function checkLive({ nodes }: Skeleton, keepValues: readonly string[]): void {
  const live = new Set(nodes.flatMap(writesOf));
  for (const name of keepValues) {
    if (!live.has(name))
      throw new AsyncDiffError('partition_impossible', `the noise prediction does not depend on ${name}`);
  }
}
