import { ModelpackError } from '../errors.ts';
import { completeKey, formatS3Url, isS3Url, parseS3Url } from '../s3/url.ts';
import { oneIn, openProject, refuseBundleFlags, requireDestination, type BundleFlags } from './bundles.ts';
import { withConnection, withObject, type S3Connection, type S3Flags } from './commands/s3-options.ts';

/**
 * The bundle that is named, or the one that the configuration declares: there where it is shipped to, with the id of
 * the lock.
 */
export async function whereIs<F extends S3Connection & BundleFlags>(
  named: string | undefined,
  flags: F,
): Promise<{ readonly bundle: string; readonly flags: F }> {
  if (named !== undefined) {
    refuseBundleFlags(flags);
    return { bundle: named, flags };
  }
  const project = await openProject(flags);
  const chosen = oneIn(project, flags.bundle);
  const destination = requireDestination(chosen.name, chosen.destination);
  const own = withConnection(flags, chosen.config.object);
  if (!isS3Url(destination)) return { bundle: destination, flags: own };
  const lock = destination.includes('{id}') ? await project.readLock() : undefined;
  const id = lock?.bundles.find(({ name }) => name === chosen.name)?.id;
  if (destination.includes('{id}') && id === undefined)
    throw new ModelpackError('check', `${project.lockPath} does not say which id ${chosen.name} has`, {
      hint: 'write it: modelpack lock',
    });
  return { bundle: formatS3Url(completeKey(parseS3Url(destination), id, 'models.tar')), flags: own };
}

/** The address that is named, or the destination of the configuration, with how its objects are written. */
export async function whereTo<F extends S3Flags & BundleFlags>(
  named: string | undefined,
  flags: F,
): Promise<{ readonly destination: string; readonly flags: F }> {
  if (named !== undefined) {
    refuseBundleFlags(flags);
    return { destination: named, flags };
  }
  const chosen = oneIn(await openProject(flags), flags.bundle);
  const destination = requireDestination(chosen.name, chosen.destination);
  return { destination, flags: withObject(flags, chosen.config.object) };
}
