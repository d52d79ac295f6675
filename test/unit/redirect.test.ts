import { Readable } from 'node:stream';

import { describe, expect, it } from 'vitest';

import type { HttpClient } from '../../src/http/client.ts';
import { follow } from '../../src/http/redirect.ts';

/** Answers with the redirects given, then with 200; TLS needs no server here. */
function clientOf(...locations: string[]) {
  const sent: { readonly url: string; readonly authorization: string | undefined }[] = [];
  const client: HttpClient = {
    async send(url, { headers }) {
      sent.push({ url: url.href, authorization: headers?.['authorization'] });
      const location = locations.shift();
      const body = Readable.from([]) as unknown as Awaited<ReturnType<HttpClient['send']>>['body'];
      return location === undefined
        ? { status: 200, headers: {}, body }
        : { status: 302, headers: { location }, body };
    },
    close: async () => {},
  };
  return { client, sent };
}

function go(client: HttpClient, first: string, plain = false) {
  const { signal } = new AbortController();
  return follow(client, new URL(first), { signal, authorization: 'Basic x', allowsPlain: () => plain });
}

describe('redirects', () => {
  it('are followed, relative ones too, and a password stays with the first origin', async () => {
    const { client, sent } = clientOf('/b', 'https://cdn.example.com/c?sig=1', 'https://a.example.com/d');
    const answer = await go(client, 'https://a.example.com/a');
    expect(answer).toMatchObject({ status: 200, url: new URL('https://a.example.com/d') });
    expect(sent).toEqual([
      { url: 'https://a.example.com/a', authorization: 'Basic x' },
      { url: 'https://a.example.com/b', authorization: 'Basic x' },
      { url: 'https://cdn.example.com/c?sig=1', authorization: undefined },
      { url: 'https://a.example.com/d', authorization: 'Basic x' },
    ]);
  });

  it.each([
    ['from https to http, whatever is allowed', 'https://a.example.com/', 'http://a.example.com/', true],
    ['from https to this machine without encryption', 'https://a.example.com/', 'http://127.0.0.1/', true],
    ['from this machine to http elsewhere', 'http://127.0.0.1/', 'http://a.example.com/', false],
  ])('are refused %s', async (_, first, location, plain) => {
    const { client, sent } = clientOf(location);
    await expect(go(client, first, plain)).rejects.toMatchObject({ code: 'network' });
    expect(sent).toHaveLength(1);
  });

  it('are followed from http to http where that is allowed, and to https always', async () => {
    const { client } = clientOf('http://b.example.com/', 'https://c.example.com/');
    expect((await go(client, 'http://a.example.com/', true)).url.href).toBe('https://c.example.com/');
  });

  it('end', async () => {
    const { client, sent } = clientOf(...Array.from({ length: 50 }, (_, at) => `/${at}`));
    await expect(go(client, 'https://a.example.com/')).rejects.toMatchObject({
      code: 'network',
      message: 'a.example.com redirects / without end',
    });
    expect(sent).toHaveLength(21);
  });
});
