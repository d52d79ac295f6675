import { ours, toBucket } from '../stage.ts';
import type { Case } from './case.ts';

/**
 * Mounts everything read-only, for this process alone, proves it, and runs the command. As root, or where users may
 * have a namespace of their own.
 */
const READ_ONLY = `
set -e
while read -r _ at type _; do
  case $type in proc | sysfs | devpts | cgroup*) continue ;; esac
  mount -o remount,bind,ro "$at" 2>/dev/null || true
done < /proc/mounts
for at in "$HOME" "$TMPDIR" /tmp /dev/shm /var/tmp .; do
  if touch "$at/modelpack-probe" 2>/dev/null; then echo "$at can be written" >&2; exit 1; fi
done
exec "$@"`;

/** Of memory and disk at a size that fits neither; there is no peer to compare with. */
export const readOnly: Case = {
  name: 'fetch-s3-read-only',
  title: 'fetch to S3, all file systems read-only',
  size: 4 * 2 ** 30,
  usesS3: true,
  async sides(stage) {
    const settings = { TMPDIR: stage.folder };
    const namespace = process.getuid?.() === 0 ? ['unshare', '-m'] : ['unshare', '-r', '-m'];
    return ours(stage, (modelpack) =>
      toBucket(
        stage,
        'ours.tar',
        (to) => [
          ...namespace,
          'bash',
          '-c',
          READ_ONLY,
          'bash',
          ...modelpack('fetch', 'acme/big', '-o', to, '--quiet'),
        ],
        { settings },
      ),
    );
  },
};
