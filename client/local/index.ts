/// <reference types="node" preserve="true" />
/** A coordinator and its workers on this machine: `import { LocalCluster } from 'asyncdiff/local'`. */
export { defaultThreads, LocalCluster, type LocalClusterOptions } from './local-cluster.js';
