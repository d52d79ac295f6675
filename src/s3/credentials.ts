import type { S3Client } from '@aws-sdk/client-s3';

/** What S3 says of credentials whose time is over. */
const expired = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'RequestExpired']);

/**
 * Asks for new credentials when S3 no longer takes the old ones, and sends the request once more. The SDK renews those
 * whose end it knows; a profile's process or a token file may give new ones earlier.
 */
export function renewCredentials(client: S3Client): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const before = await identity(client).catch(() => undefined);
      try {
        return await next(args);
      } catch (error) {
        if (!mayBeExpired(error) || before === undefined) throw error;
        // Another request may have renewed them while this one was under way.
        const after = await renewed(client, before).catch(() => before);
        if (after === before) throw error;
        return next(args);
      }
    },
    { step: 'initialize', name: 'renewCredentials' },
  );
}

async function renewed(client: S3Client, before: string): Promise<string> {
  const now = await identity(client);
  return now === before ? identity(client, true) : now;
}

async function identity(client: S3Client, forceRefresh = false): Promise<string> {
  const { accessKeyId, sessionToken } = await client.config.credentials({ forceRefresh });
  return `${accessKeyId} ${sessionToken}`;
}

/** The answer to a HEAD has no body, so its 400 does not say why. */
function mayBeExpired(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { $metadata: answer } = error as { $metadata?: { httpStatusCode?: number } };
  return expired.has(error.name) || (answer?.httpStatusCode === 400 && error.name.startsWith('Unknown'));
}
