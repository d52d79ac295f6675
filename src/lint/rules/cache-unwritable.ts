import { shortName } from '../../cache-paths/table.ts';
import { readersOf } from '../catalog.ts';
import type { Remark } from '../finding.ts';
import type { Project } from '../project.ts';
import type { Module } from '../python/module.ts';
import { isWritable, whereabouts } from '../python/place.ts';
import { fromEnvironment, replace, edited, withOs } from '../fix.ts';
import { corrected, describe, environmentHelp, givenPaths, judge, type GivenPath } from './cache-path.ts';
import type { Rule } from './rule.ts';

const wrong = new Set(['home', 'relative', 'elsewhere', 'image']);

export const cacheUnwritable: Rule = {
  code: 'cache-unwritable',
  level: 'error',
  title: 'the cache is where Lambda cannot write',
  why: `On Lambda only \`/tmp\`, and a file system that is mounted under \`/mnt\`, can be written. A relative path leads
below \`/var/task\`, which is read-only; the home folder does not exist. It is a warning for \`/opt\`, \`/var/task\` and the
folder of the code, where models may lie that are in the image, and a note for what is only a default of a variable.`,
  bad: `from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("google-bert/bert-base-cased", cache_dir="./models")
`,
  good: `import os

from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(
    "google-bert/bert-base-cased", cache_dir=os.environ.get("MODEL_CACHE_FS_PATH", "/tmp/models")
)
`,
  *check(module, project) {
    for (const given of givenPaths(module, project)) {
      const remark = judged(given, project);
      if (remark !== undefined) yield remark;
    }
    yield* variables(module, project);
    yield* paths(module, project);
  },
  *checkDeployment({ functions }) {
    for (const { variables: set } of functions) {
      for (const [name, { value, from, to }] of set) {
        if (!readersOf.has(name) || value === undefined) continue;
        const path = whereabouts({ kind: 'text', text: value })[0]!;
        // An image may hold models; what is relative or at home is nowhere.
        if (path.place !== 'home' && path.place !== 'relative') continue;
        yield {
          range: { from, to },
          message: `${name} is where models are written, and ${describe(path)}`,
          help: 'set it to a path below /tmp',
        };
      }
    }
  },
};

function judged(path: GivenPath, project: Project): Remark | undefined {
  const { use, given, paths: found } = path;
  const { by, name, worst } = judge(found);
  if (by === 'unknown') return undefined;
  const range = given.expression ?? use.callee;
  if (by === 'environment') {
    const deployed = name === undefined ? undefined : project.deployed(use.site.module.source.path).get(name);
    if (deployed !== undefined || worst === undefined || !wrong.has(worst.place)) return undefined;
    return {
      range,
      level: 'note',
      message: `where ${name ?? 'the variable'} is not set, ${describe(worst)}`,
      help: 'use a default below /tmp',
    };
  }
  if (worst === undefined || !wrong.has(worst.place)) return undefined;
  const softer =
    use.call.byHand || by === 'caller' ? 'note' : worst.place === 'image' ? 'warning' : undefined;
  return {
    range,
    ...(softer !== undefined && { level: softer }),
    message: by === 'caller' ? `unless the caller gives another path, ${describe(worst)}` : describe(worst),
    help: environmentHelp,
    ...(by === 'code' && worst.place !== 'image' && corrected(path)),
  };
}

/** Variables of libraries that the code itself sets. */
function* variables(module: Module, project: Project): Generator<Remark> {
  for (const { name, value, node, byHand, library } of project.sets(module)) {
    if ((!readersOf.has(name) && name !== 'HOME') || (library && node.type === 'call')) continue;
    const { by, worst } = judge(whereabouts(value));
    if (by !== 'code' || worst === undefined || !wrong.has(worst.place)) continue;
    yield {
      range: node,
      ...((byHand || worst.place === 'image') && {
        level: byHand ? ('note' as const) : ('warning' as const),
      }),
      message: `${name} is where models are written, and ${describe(worst)}`,
      help: 'set it to a path below /tmp',
    };
  }
}

/** Libraries that are given the path of the model itself, and download it there if it is missing. */
function* paths(module: Module, project: Project): Generator<Remark> {
  for (const use of project.uses(module)) {
    const { listed, args, call } = use;
    const argument = listed?.call.kind === 'path' ? listed.call.arguments[0] : undefined;
    const given = argument && args.get(argument);
    if (listed === undefined || given?.value.kind !== 'text' || given.expression === undefined) continue;
    const { text } = given.value;
    const isKnown = listed.call.known?.some((known) => {
      const [start = '', end = ''] = known.split('*');
      return text.startsWith(start) && text.endsWith(end);
    });
    if (isKnown !== true || isWritable(whereabouts(given.value)[0]!.place)) continue;
    const edits = replace(given.expression, `os.path.join(${fromEnvironment()}, "${text}")`);
    yield {
      range: given.expression,
      ...(call.byHand && { level: 'note' as const }),
      message: `${shortName(listed.library)} looks for "${text}" in the working directory, /var/task, and downloads it there, which is read-only on Lambda`,
      help: 'give an absolute path below /tmp',
      instead: edited(module, call.node, edits),
      fix: withOs(edits, module),
    };
  }
}
