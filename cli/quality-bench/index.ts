export { calibrationPoints } from './calibration.js';
export { compare, type Drawn } from './comparison.js';
export { pictureGrid, SHOWN_PICTURES } from './picture-grid.js';
export { QUALITY_FORMS, type QualityForm, type QualityPrompt, qualityPrompts } from './prompts.js';
export { qualityChart, qualityChartPng } from './quality-chart.js';
export { type QualityDocument, qualityDocument } from './quality-document.js';
export { qualityMarkdown } from './quality-markdown.js';
export { type QualityRow, qualityRow } from './quality-row.js';
export {
  asyncDiffPlan,
  evenPlan,
  fewerSteps,
  type MeasuredMethod,
  type QualityOutcome,
  runQuality,
} from './run-quality.js';
export { RunStore, type StoredRun } from './run-store.js';
