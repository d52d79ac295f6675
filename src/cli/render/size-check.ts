export { github } from './size-check/github.ts';
export { markdown } from './size-check/markdown.ts';
export { text } from './size-check/text.ts';
