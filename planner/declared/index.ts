export { toCostGraph, toProfile } from './profile-graph.js';
