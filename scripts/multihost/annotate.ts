import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type NetworkDocument } from './network-document.js';

/** The network as a section of a Markdown report. */
export function networkSection(network: NetworkDocument, command: string): string {
  const lines = describe(network).map((line) => `- ${line}\n`);
  return `\n## Network\n\n${lines.join('')}\n\`\`\`sh\n${command}\n\`\`\`\n`;
}

/** Adds the network to the files that bench wrote into `folder`: a figure without it says nothing. */
export function annotateReports(folder: string, network: NetworkDocument, command: string): void {
  const json = join(folder, 'bench.json');
  if (existsSync(json)) {
    const document = JSON.parse(readFileSync(json, 'utf8')) as object;
    writeFileSync(json, `${JSON.stringify({ ...document, network }, null, 2)}\n`);
  }
  const markdown = join(folder, 'bench.md');
  if (existsSync(markdown))
    writeFileSync(markdown, readFileSync(markdown, 'utf8') + networkSection(network, command));
}

/** A command line as a person would type it. */
export function commandLine(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');
}
