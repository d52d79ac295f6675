import { S3Error } from './errors.ts';

export interface XmlNode {
  readonly name: string;
  readonly children: readonly XmlNode[];
  readonly text: string;
}

// One alternative per token; the sticky flag leaves no room for anything in between, so the scan is linear.
const TOKEN =
  /<\?[^>]*\?>|<!--[\s\S]*?-->|<(?<close>\/?)(?<name>[\w:.-]+)(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*(?<empty>\/?)>|(?<characters>[^<]+)/gy;
const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
const MAX_DEPTH = 16;

interface OpenNode {
  readonly name: string;
  readonly children: XmlNode[];
  text: string;
}

/** Reads the XML that S3 clients send: no DOCTYPE, no CDATA, prefixes dropped. Anything else is MalformedXML. */
export function parseXml(source: string, root: string): XmlNode {
  const text = source.replace(/^\uFEFF/, '');
  const top: OpenNode = { name: '', children: [], text: '' };
  const open = [top];
  let end = 0;
  for (const token of text.matchAll(TOKEN)) {
    end = token.index + token[0].length;
    const { close, name, empty, characters } = token.groups ?? {};
    const current = open.at(-1) ?? top;
    if (characters !== undefined) current.text += decodeEntities(characters);
    if (name === undefined) continue;
    if (close === '/') closeNode(open, name);
    else openNode(open, current, name, empty === '/');
  }
  const [node, ...others] = top.children;
  if (end !== text.length || open.length !== 1 || top.text.trim() !== '') throw malformed();
  if (node?.name !== root || others.length > 0) throw malformed();
  return node;
}

export function childrenOf(node: XmlNode, name: string): readonly XmlNode[] {
  return node.children.filter((child) => child.name === name);
}

/** The text of the only child of this name; undefined when there is none. */
export function textOf(node: XmlNode, name: string): string | undefined {
  const [child, ...others] = childrenOf(node, name);
  if (others.length > 0 || (child && child.children.length > 0)) throw malformed();
  return child?.text;
}

function openNode(open: OpenNode[], parent: OpenNode, qualifiedName: string, empty: boolean): void {
  const node: OpenNode = { name: localName(qualifiedName), children: [], text: '' };
  parent.children.push(node);
  if (empty) return;
  if (open.length > MAX_DEPTH) throw malformed();
  open.push(node);
}

function closeNode(open: OpenNode[], qualifiedName: string): void {
  if (open.length < 2 || open.pop()?.name !== localName(qualifiedName)) throw malformed();
}

function localName(name: string): string {
  return name.slice(name.lastIndexOf(':') + 1);
}

function decodeEntities(text: string): string {
  return text.replace(/&([^;&]{0,10});?/g, (reference, body: string) => {
    const character = reference.endsWith(';') ? (NAMED[body] ?? numbered(body)) : undefined;
    if (character === undefined) throw malformed();
    return character;
  });
}

function numbered(body: string): string | undefined {
  const digits = /^#(?:x(?<hex>[0-9a-f]+)|(?<decimal>\d+))$/i.exec(body)?.groups;
  if (!digits) return undefined;
  const code = digits['hex'] ? Number.parseInt(digits['hex'], 16) : Number(digits['decimal']);
  return code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}

function malformed(): S3Error {
  return new S3Error('MalformedXML');
}
