import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/**
 * A launcher whose processes take themselves for ones of another machine, on the same loopback interface: another boot id is mounted over the kernel's, in a
 * mount namespace of their own. Undefined where that is not allowed.
 */
export function otherMachine(folder: string): readonly string[] | undefined {
  const bootId = join(folder, 'boot-id');
  writeFileSync(bootId, '11111111-2222-3333-4444-555555555555\n');
  const launcher = ['unshare', '--map-root-user', '--mount', 'sh', '-c'];
  const script = `mount --bind '${bootId}' ${BOOT_ID} && exec "$0" "$@"`;
  const { status } = spawnSync(launcher[0] as string, [...launcher.slice(1), script, 'true']);
  return status === 0 ? [...launcher, script] : undefined;
}
