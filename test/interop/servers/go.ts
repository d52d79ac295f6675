import type { Host } from './host.ts';

/** The version of the module that a program was built from, as Go has put it into the program. */
export async function moduleVersion(host: Host, program: string): Promise<string> {
  const told = await host.run('sh', '-c', 'go version -m "$(command -v "$0")"', program);
  return /^\tmod\t\S+\t(\S+)/m.exec(told)?.[1] ?? `unknown: ${told}`;
}
