import type { Rule } from './rules/rule.ts';

/** A rule as its page of the documentation has it. */
export function ruleMarkdown({ code, title, level, why, bad, good }: Rule): string {
  return `# ${code}

${title[0]!.toUpperCase()}${title.slice(1)}. Level: ${level}.

${why}

Found:

\`\`\`python
${bad}\`\`\`

As it should be:

\`\`\`python
${good}\`\`\`

One line is left alone with \`# modelpack: ignore[${code}]\`, a file with \`# modelpack: ignore-file[${code}]\`.
`;
}
