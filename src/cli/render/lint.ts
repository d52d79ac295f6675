export { github } from './lint/github.ts';
export { junit } from './lint/junit.ts';
export { sarif } from './lint/sarif.ts';
export { text } from './lint/text.ts';
