/** `text` as an attribute's value, with its quotes. */
export function xmlQuoted(text: string): string {
  return `"${xmlEscaped(text).replaceAll('"', '&quot;').replaceAll('\n', '&#10;')}"`;
}

/** What XML 1.0 cannot hold at all is left out: https://www.w3.org/TR/xml/#charsets */
export function xmlEscaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
