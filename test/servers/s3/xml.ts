export type Xml = string | number | boolean | undefined | readonly Xml[] | XmlElements;
export interface XmlElements {
  readonly [name: string]: Xml;
}

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';
const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' };

/** A document. An array repeats its element; undefined leaves it out. */
export function document(root: string, content: string | XmlElements): string {
  return `${declaration}<${root} xmlns="${NAMESPACE}">${inner(content)}</${root}>`;
}

/** S3 sends errors without a namespace. */
export function errorDocument(content: XmlElements): string {
  return `${declaration}${element('Error', content)}`;
}

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

function elements(content: XmlElements): string {
  return Object.entries(content)
    .map(([name, value]) => element(name, value))
    .join('');
}

function element(name: string, value: Xml): string {
  if (value === undefined) return '';
  if (isList(value)) return value.map((item) => element(name, item)).join('');
  return `<${name}>${inner(value)}</${name}>`;
}

function inner(value: string | number | boolean | XmlElements): string {
  return typeof value === 'object' ? elements(value) : escape(String(value));
}

// Array.isArray alone does not narrow readonly arrays.
function isList(value: Xml): value is readonly Xml[] {
  return Array.isArray(value);
}

// Keys may hold control characters; a reference is what S3 itself writes, though XML 1.0 forbids most of them.
function escape(text: string): string {
  return text.replace(
    // oxlint-disable-next-line no-control-regex
    /[<>&"\u0000-\u001f]/g,
    (character) => ENTITIES[character] ?? `&#x${character.charCodeAt(0).toString(16)};`,
  );
}
