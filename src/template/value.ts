import { literal, type Node } from './yaml.ts';

/** Values that are given for the deployment, by the names of its parameters. */
export type Parameters = ReadonlyMap<string, string>;

/** A value with everything put in, or why that cannot be done before the deployment. */
export type Resolved = { readonly node: Node } | { readonly why: string };

export type Resolve = (node: Node) => Resolved;

/** Values that one value may lead to, and how long it may become, in characters: templates are input. */
export const MOST_STEPS = 500;
export const LONGEST = 10_000;

export function known(text: string | undefined, line: number): Resolved {
  if (text !== undefined && text.length > LONGEST) return unknown('it is too long');
  return { node: literal(text, line) };
}

export function unknown(why: string): Resolved {
  return { why };
}
