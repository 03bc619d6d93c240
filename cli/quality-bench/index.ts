export { calibrationPoints } from './calibration.js';
export { compare, type Comparison, type Drawn } from './comparison.js';
export { pictureGrid, SHOWN_PICTURES } from './picture-grid.js';
export { QUALITY_FORMS, type QualityForm, type QualityPrompt, qualityPrompts } from './prompts.js';
export { qualityChart, type QualityChartOptions, qualityChartPng } from './quality-chart.js';
export {
  QUALITY_SCHEMA,
  type QualityDocument,
  qualityDocument,
  type QualityDocumentInput,
  type QualitySettings,
} from './quality-document.js';
export { qualityMarkdown } from './quality-markdown.js';
export { type QualityRow, qualityRow } from './quality-row.js';
export {
  asyncDiffPlan,
  evenPlan,
  fewerSteps,
  type MeasuredMethod,
  type Method,
  METHODS,
  type QualityOptions,
  type QualityOutcome,
  runQuality,
} from './run-quality.js';
export { type RunFacts, RunStore, type StoredRun } from './run-store.js';
