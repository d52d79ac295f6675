import type { Ref, Repository } from '../store/repository.ts';
import { flag, type Ask } from '../wire/ask.ts';
import { withRepo, type Route } from '../wire/route.ts';
import { callerOf, type World } from '../world.ts';
import { commitAt, gateFor, mayRead, visible } from './access.ts';
import { json, redirect, text, type Answer } from './answer.ts';
import { modelInfo } from './info.ts';
import { Refused, refusals } from './refusal.ts';
import { pathsInfo, tree } from './tree.ts';

type ApiRoute = Exclude<Route, { kind: 'resolve' | 'raw' | 'resolve-cache' | 'whoami' | 'cdn' | 'unknown' }>;

/** Everything below `/api/models/`. https://huggingface.co/docs/hub/api */
export function apiAnswer(world: World, ask: Ask, route: ApiRoute): Answer {
  const repository = visible(world, ask, route.repo);
  if (route.repo !== repository.id) return redirect(307, withRepo(ask.target, route.repo, repository.id));
  switch (route.kind) {
    case 'info':
      return modelInfo(ask, repository, route.revision ?? 'HEAD');
    case 'tree':
      return tree(world, ask, viewOf(world, ask, repository, route.revision), route.path);
    case 'paths-info':
      return pathsInfo(viewOf(world, ask, repository, route.revision), ...asked(ask));
    case 'refs':
      return refs(ask, repository);
    case 'commits':
      return commits(world, ask, repository, route.revision);
    case 'auth-check':
      mayRead(world, ask, repository);
      return text(200, 'OK');
    case 'xet-read-token':
      mayRead(world, ask, repository);
      throw new Refused({ status: 404, message: 'this fixture does not speak Xet' });
  }
}

export function whoAmI(world: World, ask: Ask): Answer {
  if (ask.token === undefined) throw new Refused(refusals.unknownToStranger);
  const caller = callerOf(world, ask);
  if (caller === undefined) throw new Refused(refusals.badToken);
  return json({
    type: 'user',
    id: '0123456789abcdef01234567',
    name: caller.name,
    fullname: caller.name,
    email: `${caller.name}@example.com`,
    emailVerified: true,
    isPro: false,
    canPay: false,
    avatarUrl: '/avatars/none.svg',
    periodEnd: null,
    orgs: [],
    auth: {
      type: 'access_token',
      accessToken: { displayName: 'fixture', role: 'read', createdAt: '2024-01-01T00:00:00.000Z' },
    },
  });
}

function viewOf(world: World, ask: Ask, repository: Repository, revision: string) {
  if (repository.spec.disabled === true) throw new Refused(refusals.disabled);
  const masked = gateFor(callerOf(world, ask), repository) !== undefined;
  return { repository, revision, commit: commitAt(repository, revision), masked };
}

/** The paths of a paths-info request: JSON from JavaScript, a form from Python. */
function asked(ask: Ask): [paths: string[], expand: boolean] {
  if (ask.method !== 'POST') throw new Refused({ status: 404, message: 'Not Found' });
  if (ask.headers['content-type']?.startsWith('application/json') !== true) {
    const form = new URLSearchParams(ask.body.toString());
    return [form.getAll('paths'), flag(form, 'expand')];
  }
  const { paths, expand } = JSON.parse(ask.body.toString()) as { paths: string[]; expand?: boolean };
  return [paths, expand === true];
}

function refs(ask: Ask, { refs: all }: Repository): Answer {
  const of = (wanted: Ref['kind']) =>
    all
      .filter(({ kind }) => kind === wanted)
      .map(({ name, ref, history }) => ({ name, ref, targetCommit: history.at(-1)?.id }));
  const withPullRequests = flag(ask.query, 'include_prs');
  return json({
    branches: of('branches'),
    converts: of('converts'),
    tags: of('tags'),
    ...(withPullRequests && { pullRequests: of('pullRequests') }),
  });
}

function commits(world: World, ask: Ask, repository: Repository, revision: string): Answer {
  commitAt(repository, revision);
  const history = repository.log(revision);
  const limit = Number(ask.query.get('limit') ?? 50);
  const page = Number(ask.query.get('p') ?? 0);
  const more = (page + 1) * limit < history.length;
  const next = `${world.endpoint}/api/models/${repository.id}/commits/${encodeURIComponent(revision)}?limit=${limit}&p=${page + 1}`;
  return json(
    history.slice(page * limit, (page + 1) * limit).map(({ id, title, date }) => ({
      id,
      title,
      message: '',
      date,
      authors: [{ user: 'fixture', avatar: '/avatars/none.svg' }],
    })),
    { 'X-Total-Count': String(history.length), ...(more && { Link: `<${next}>; rel="next"` }) },
  );
}
