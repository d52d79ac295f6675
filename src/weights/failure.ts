/** The bytes are none of the format: whoever loads them stops here too, at the latest. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}

/** What follows is not known: it was not read, although a loader might go on. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}
