/** What would move the cursor, colour the terminal or turn the line around, as an escape. */
export function printable(text: string): string {
  return text.replaceAll(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

const BRIEF = 120;

/** Text from outside as it may stand in a message: printable, and cut when it is long. */
export function brief(text: string): string {
  const characters = Array.from(printable(text));
  return characters.length > BRIEF ? `${characters.slice(0, BRIEF).join('')}…` : characters.join('');
}

/** The same between quotes, where it could be taken for a word of the message. */
export function quoted(text: string): string {
  return `"${brief(text)}"`;
}

/** `text` as one word of a POSIX shell, to paste. */
export function shellWord(text: string): string {
  const word = printable(text);
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
