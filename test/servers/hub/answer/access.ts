import type { Token } from '../options.ts';
import type { Commit, Repository } from '../store/repository.ts';
import type { Ask } from '../wire/ask.ts';
import { callerOf, repositoryNamed, type World } from '../world.ts';
import { Refused, refusals, type Refusal } from './refusal.ts';

/** The repository, or the refusal the Hub would give this caller; a repository one may not see does not exist. */
export function visible(world: World, ask: Ask, name: string): Repository {
  const caller = callerOf(world, ask);
  const repository = repositoryNamed(world, name);
  const open = repository !== undefined && repository.spec.private !== true;
  const lenient = open && ask.route.kind === 'info' && world.options.unsettled?.acceptBadTokenOnInfo === true;
  if (ask.token !== undefined && caller === undefined && !lenient) throw new Refused(refusals.badToken);
  if (open) return repository;
  if (caller === undefined) throw new Refused(refusals.unknownToStranger);
  if (repository?.spec.usersWithAccess?.includes(caller.name) !== true)
    throw new Refused(refusals.unknownRepo);
  return repository;
}

/** Throws unless the caller may read file contents; info and trees of gated repositories are public. */
export function mayRead(world: World, ask: Ask, repository: Repository): void {
  if (repository.spec.disabled === true) throw new Refused(refusals.disabled);
  const gate = gateFor(callerOf(world, ask), repository);
  if (gate !== undefined) throw new Refused(gate);
}

export function gateFor(caller: Token | undefined, { id, spec }: Repository): Refusal | undefined {
  if (spec.gated === undefined || spec.gated === false) return undefined;
  if (caller === undefined) return refusals.gatedForStranger(id);
  if (caller.fineGrained === true) return refusals.outOfScope;
  if (caller.gatedAccess?.includes(id)) return undefined;
  if (caller.pendingAccess?.includes(id)) return refusals.pending(id);
  if (caller.rejectedAccess?.includes(id)) return refusals.rejected(id);
  return refusals.notGranted(id);
}

export function commitAt(repository: Repository, revision: string): Commit {
  const commit = repository.find(revision);
  if (commit === undefined) throw new Refused(refusals.unknownRevision(revision));
  return commit;
}
