export { batchRepeatOf, type Guidance, guidanceOf, inputShapesOf, strongestScale } from './guidance.js';
