export {
  ARGUMENT_NAMES,
  type ArgumentKind,
  type ArgumentName,
  type ArgumentRow,
  kebabName,
  PIPELINE_ARGUMENTS,
  type PipelineArguments,
  snakeName,
} from './pipeline-arguments.js';
