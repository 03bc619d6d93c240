export { batchRepeatOf, type Guidance, guidanceOf, inputShapesOf } from './guidance.js';
