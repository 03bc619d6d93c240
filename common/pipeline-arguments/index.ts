export {
  ARGUMENT_NAMES,
  type ArgumentName,
  type ArgumentRow,
  kebabName,
  PIPELINE_ARGUMENTS,
  type PipelineArguments,
  snakeName,
} from './pipeline-arguments.js';
