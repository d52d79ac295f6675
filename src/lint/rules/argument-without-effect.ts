import { edited, fromEnvironment, replace, withOs, written } from '../fix.ts';
import { isWritable, whereabouts } from '../python/place.ts';
import { textOf } from '../python/module.ts';
import type { Rule } from './rule.ts';

export const argumentWithoutEffect: Rule = {
  code: 'argument-without-effect',
  level: 'error',
  title: 'the argument does not reach the download',
  why: `\`pipeline(cache_dir=…)\` is accepted and goes to the pipeline, not to the download: the model still lands in the home
folder. It has to be \`model_kwargs={"cache_dir": …}\`, or a variable.`,
  bad: `import os

from transformers import pipeline

classify = pipeline("sentiment-analysis", cache_dir=os.environ["MODEL_CACHE_FS_PATH"])
`,
  good: `import os

from transformers import pipeline

classify = pipeline("sentiment-analysis", model_kwargs={"cache_dir": os.environ["MODEL_CACHE_FS_PATH"]})
`,
  *check(module, project) {
    for (const use of project.uses(module)) {
      const { listed, args, site, call } = use;
      const futile = listed?.call.futile;
      const given = futile === undefined ? undefined : args.get({ name: futile });
      const [wanted] = listed?.call.arguments ?? [];
      if (given?.node === undefined || given.expression === undefined || wanted === undefined) continue;
      const already = wanted.inside !== undefined && args.get({ name: wanted.inside }) !== undefined;
      const own = textOf(site.module, given.expression);
      const isText = given.expression.type === 'string';
      const writable = whereabouts(given.value).every(({ place }) => isWritable(place));
      const text = written(wanted, isText ? fromEnvironment(writable ? own : undefined) : own);
      const edits = already ? [] : replace(given.node, text);
      yield {
        range: given.node,
        message: `${futile} does not reach the download of ${listed!.call.call}`,
        help: `give ${written(wanted, '…')}`,
        ...(edits.length > 0 && {
          instead: edited(site.module, call.node, edits),
          fix: isText ? withOs(edits, site.module) : site.module.source.exact ? edits : undefined,
        }),
      };
    }
  },
};
