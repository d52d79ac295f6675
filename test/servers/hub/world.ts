import type { Quota } from './answer/quota.ts';
import type { Tickets } from './answer/ticket.ts';
import type { HubOptions, Token } from './options.ts';
import type { Repository } from './store/repository.ts';
import type { Ask } from './wire/ask.ts';

/** Everything handlers can see. */
export interface World {
  readonly options: HubOptions;
  readonly repositories: readonly Repository[];
  readonly tickets: Tickets;
  readonly quota: Quota;
  /** With the path prefix, without a slash at the end. */
  readonly endpoint: string;
  readonly prefix: string;
  readonly cdn: string;
}

/** Undefined for strangers, and for tokens nobody issued. */
export function callerOf(world: World, ask: Ask): Token | undefined {
  return ask.token === undefined ? undefined : world.options.tokens?.[ask.token];
}

/** By canonical name or alias. */
export function repositoryNamed(world: World, name: string): Repository | undefined {
  return world.repositories.find(({ spec }) => spec.id === name || spec.aliases?.includes(name));
}
