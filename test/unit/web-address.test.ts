import { describe, expect, it } from 'vitest';

import { authorizationOf, isPrivate, parseWebAddress, shownSource } from '../../src/source/web/address.ts';

const hash = '0123456789abcdef'.repeat(4);

describe('a web address as a source', () => {
  it.each<[text: string, name: string, sha256?: string]>([
    ['https://host/x.bin', 'x.bin'],
    ['HTTPS://host/a/b/x.bin?version=1', 'x.bin'],
    ['https://host/with%20space%23.bin', 'with space#.bin'],
    ['https://host/100%.bin', '100%.bin'],
    [`https://host/x.bin#sha256=${hash}`, 'x.bin', hash],
    [`https://host/x.bin#sha256=${hash.toUpperCase()}`, 'x.bin', hash],
    [`http://host/x.bin#sha256=${hash}`, 'x.bin', hash],
    ['http://localhost:8080/x.bin', 'x.bin'],
    ['http://127.0.0.1/x.bin', 'x.bin'],
    ['http://[::1]/x.bin', 'x.bin'],
  ])('%s names %s', (text, name, sha256) => {
    const address = parseWebAddress(text);
    expect(address).toMatchObject({ name, sha256 });
    expect(address.url.hash).toBe('');
  });

  it.each([
    ['https://', 'not a web address'],
    ['https://host', 'https://host/ names no file'],
    ['https://host/folder/', 'https://host/folder/ names no file'],
    ['https://host/x.bin#sha256=abc', '"#sha256=abc" is no #sha256= with 64 hex digits'],
    ['https://host/x.bin#md5=abc', '"#md5=abc" is no #sha256= with 64 hex digits'],
    ['http://host/x.bin', 'http://host/x.bin is neither encrypted nor has a known hash'],
    [
      'http://127.example.com/x.bin',
      'http://127.example.com/x.bin is neither encrypted nor has a known hash',
    ],
    [
      'http://user:secret@host/x.bin?key=secret',
      'http://host/x.bin is neither encrypted nor has a known hash',
    ],
  ])('%s is refused', (text, message) => {
    expect(() => parseWebAddress(text)).toThrow(expect.objectContaining({ code: 'usage', message }) as Error);
  });

  it.each([
    ['https://host/x.bin', 'https://host/x.bin'],
    ['https://user:secret@host/x.bin?sig=secret#sha256=ab', 'https://host/x.bin?…#sha256=ab'],
    ['name=https://secret@host/x.bin', 'name=https://host/x.bin'],
    ["https://host/x.bin?a='secret'", 'https://host/x.bin?…'],
    ['org/name@main', 'org/name@main'],
    ['./a?b', './a?b'],
  ])('%s is shown as %s', (text, shown) => {
    expect(shownSource(text)).toBe(shown);
  });

  it('turns user and password into a header', () => {
    const expected = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
    expect(authorizationOf(new URL('https://me:p%40ss@host/x'))).toBe(expected);
    expect(authorizationOf(new URL('https://host/x'))).toBeUndefined();
  });

  it('is private when encrypted or on this machine', () => {
    expect(['https://a/', 'http://127.1/', 'http://a/'].map((url) => isPrivate(new URL(url)))).toEqual([
      true,
      true,
      false,
    ]);
  });
});
