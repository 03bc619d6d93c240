import { execFileSync } from 'node:child_process';
import { AsyncDiffError } from '../../common/errors/index.js';

/** Throws `usage` where this process cannot make network namespaces. */
export function requireNamespaces(command: string): void {
  if (process.platform !== 'linux')
    throw new AsyncDiffError('usage', 'network namespaces are a feature of Linux', {
      hint: 'Run it on a Linux machine; on real machines you need no namespaces: see docs/guides/multi-host.md.',
    });
  for (const tool of ['ip', 'tc'] as const) {
    try {
      execFileSync(tool, ['-V'], { stdio: 'ignore' });
    } catch {
      throw new AsyncDiffError('usage', `\`${tool}\` is not installed`, {
        hint: 'Install it: apt-get install iproute2',
      });
    }
  }
  if (process.getuid?.() !== 0)
    throw new AsyncDiffError('usage', 'making network namespaces needs root', {
      hint: `Run it as root: sudo ${command}`,
    });
}
