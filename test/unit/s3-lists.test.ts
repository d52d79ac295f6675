import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';

import type { Run } from '../../src/events.ts';
import { storedParts, unfinishedUploads } from '../../src/s3/uploads.ts';
import { broken, bucket, clientOf, noise, PART, partsSent, smallServer, upload } from '../helpers/sending.ts';
import type { S3Server } from '../servers/s3/server.ts';

const run: Run = { signal: new AbortController().signal, report: () => {} };

async function keysOf(s3: Pick<S3Server, 'endpoint'>, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { url } of unfinishedUploads(clientOf(s3), { bucket, key: prefix }, run))
    keys.push(url.key);
  return keys;
}

describe.concurrent('lists of more than a page', () => {
  it('of uploads are read to their end', async () => {
    await using s3 = await smallServer({ features: { pageSize: 3 } });
    const keys = ['a', 'models/1', 'models/1', 'models/1', 'models/1', 'models/2', 'models/é&<"', 'z'];
    for (const Key of keys)
      await clientOf(s3).send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
    s3.log.length = 0;
    expect(await keysOf(s3, '')).toEqual(keys);
    expect(s3.log).toHaveLength(3);
    expect(await keysOf(s3, 'models/')).toEqual(keys.slice(1, -1));
    expect(await keysOf(s3, 'nothing')).toEqual([]);
  });

  it('of exactly a page ask for no other one', async () => {
    await using s3 = await smallServer({ features: { pageSize: 2 } });
    for (const Key of ['a', 'b'])
      await clientOf(s3).send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
    s3.log.length = 0;
    expect(await keysOf(s3, '')).toEqual(['a', 'b']);
    expect(s3.log).toHaveLength(1);
  });

  it('of parts are read to their end, and none of them is sent again', async () => {
    await using s3 = await smallServer({ features: { pageSize: 3 } });
    const bytes = noise(12 * PART);
    await broken(s3, bytes, 12);
    const { result } = await upload(s3, bytes);
    expect(result?.parts).toEqual({ total: 12, sent: 1, reused: 11 });
    expect(partsSent(s3)).toEqual([12]);
    expect(s3.log.filter(({ operation }) => operation === 'ListParts')).toHaveLength(4);
  });
});

interface Scripted extends AsyncDisposable {
  readonly endpoint: string;
  readonly requests: () => number;
}

/** A server that answers with these documents, and then with the last of them for ever. */
async function scripted(...pages: string[]): Promise<Scripted> {
  let requests = 0;
  const server = createServer((_, response) => {
    const page = pages[Math.min(requests++, pages.length - 1)];
    response.writeHead(200, { 'Content-Type': 'application/xml' }).end(`<?xml version="1.0"?>${page}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function uploadsPage(inner: string): string {
  return `<ListMultipartUploadsResult><Bucket>${bucket}</Bucket>${inner}</ListMultipartUploadsResult>`;
}

const more = (key: string, id: string) =>
  `<IsTruncated>true</IsTruncated><NextKeyMarker>${key}</NextKeyMarker><NextUploadIdMarker>${id}</NextUploadIdMarker>`;
const one = (key: string, id = 'id') => `<Upload><Key>${key}</Key><UploadId>${id}</UploadId></Upload>`;

describe.concurrent('a list of uploads of a server that is broken or hostile', () => {
  it.each([
    ['says that there is more, and not where', ['<IsTruncated>true</IsTruncated>']],
    ['always leads to the same place', [more('a', '1')]],
    ['leads in a circle', [more('a', '1'), more('b', '1'), more('a', '1'), more('b', '1')]],
  ])('ends with an error when it %s', async (_, pages) => {
    await using server = await scripted(...pages.map(uploadsPage));
    await expect(keysOf(server, 'a')).rejects.toMatchObject({
      code: 'unknown',
      message: "the server's list of uploads to s3://models/a does not end",
      hint: 'this is a fault of the server',
    });
    expect(server.requests()).toBeLessThanOrEqual(pages.length + 1);
  });

  it('is taken for what was asked for only', async () => {
    const uploads = [
      one('other'),
      one('a'),
      '<Upload><Key>a2</Key></Upload>',
      '<Upload><UploadId>x</UploadId></Upload>',
    ];
    await using server = await scripted(uploadsPage(uploads.join('')));
    expect(await keysOf(server, 'a')).toEqual(['a']);
  });

  it('is empty when the answer is of something else', async () => {
    await using server = await scripted(
      '<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>',
    );
    expect(await keysOf(server, 'a')).toEqual([]);
  });
});

const part = (number: unknown, size: unknown = 5, etag = '&quot;0&quot;') =>
  `<Part><PartNumber>${String(number)}</PartNumber><Size>${String(size)}</Size><ETag>${etag}</ETag></Part>`;

async function partsFrom(...pages: string[]): Promise<number[] | undefined> {
  await using server = await scripted(...pages.map((page) => `<ListPartsResult>${page}</ListPartsResult>`));
  const unfinished = { url: { bucket, key: 'a' }, uploadId: 'id' };
  const parts = await storedParts(clientOf(server), unfinished, run);
  expect(server.requests()).toBeLessThanOrEqual(pages.length + 1);
  return parts && [...parts.keys()];
}

const after = (marker: unknown) =>
  `<IsTruncated>true</IsTruncated><NextPartNumberMarker>${String(marker)}</NextPartNumberMarker>`;

describe.concurrent('a list of parts of a server that is broken or hostile', () => {
  it.each([[after(1)], [after(0)], [after(-1)], [after('x')], [after(10_001)], [after('9e99')]])(
    'ends with an error when it does not get on (%s)',
    async (page) => {
      await expect(partsFrom(after(1), page)).rejects.toMatchObject({ code: 'unknown' });
    },
  );

  it('has no parts but those that an upload can have', async () => {
    const parts = [
      part(0),
      part(-1),
      part(10_001),
      part(1.5),
      part(2, -5),
      part(3, 1.5),
      part(4, 2 ** 60),
      part(7),
    ];
    expect(await partsFrom(parts.join(''))).toEqual([7]);
  });

  it('ends where no next page is named', async () => {
    expect(await partsFrom(`${part(1)}<IsTruncated>true</IsTruncated>`)).toEqual([1]);
  });
});
