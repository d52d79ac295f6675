import { dirname } from 'node:path/posix';

import { DockerfileParser, type Env, type From } from 'dockerfile-ast';

import { Lines } from '../python/source.ts';
import type { DeployedVariable, Deployment } from './deployment.ts';

type Variables = ReadonlyMap<string, DeployedVariable>;

/** What a Dockerfile sets with `ENV`, in the stage that is built last and in those that it is made from. */
export function readDockerfile(path: string, text: string): Deployment {
  const source = { path, text };
  const lines = new Lines(source);
  const stages = new Map<string, Variables>();
  let variables = new Map<string, DeployedVariable>();
  let stage: string | undefined;
  const close = () => {
    if (stage !== undefined) stages.set(stage.toLowerCase(), variables);
  };
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const keyword = instruction.getKeyword();
    if (keyword === 'FROM') {
      close();
      const from = instruction as From;
      stage = from.getBuildStage() ?? undefined;
      variables = new Map(stages.get(from.getImage()?.toLowerCase() ?? ''));
    } else if (keyword === 'ENV') {
      for (const property of (instruction as Env).getProperties()) {
        const { start, end } = property.getNameRange();
        const value = property.getValue();
        variables.set(property.getName(), {
          value: value?.includes('$') === true ? undefined : (value ?? undefined),
          from: lines.start(start.line) + start.character,
          to: lines.start(end.line) + end.character,
        });
      }
    }
  }
  const image = { name: stage ?? 'image', folder: dirname(path), handler: undefined, variables };
  return { path, kind: 'dockerfile', functions: [image], file: { source, lines } };
}
