import type { Ask, Origin } from './wire/ask.ts';
import type { Route } from './wire/route.ts';

/**
 * What goes wrong with a request. Actions of different kinds combine: all that are due apply.
 * Offsets called `after` count the bytes of this response's body, `at` is an offset in the file.
 */
export type FaultAction =
  /** Any status instead of the answer; 5xx and 408 look like CloudFront's unless `body` is given. */
  | { kind: 'status'; status: number; headers?: Record<string, string>; body?: string }
  /** 429. `reset`: `r=0;t=<seconds>`; `remaining`: `r>0`; `seconds`, `date`: `Retry-After`; `nothing`: no hint. */
  | { kind: 'rate-limit'; hint: 'reset' | 'remaining' | 'seconds' | 'date' | 'nothing'; seconds?: number }
  /** RST; before the headers, or after that many bytes of the body. */
  | { kind: 'reset'; after?: number }
  /** FIN in the middle of a body that promised more. */
  | { kind: 'hang-up'; after: number }
  /** The socket stays open and silent; before the headers, or after that many bytes of the body. */
  | { kind: 'stall'; after?: number }
  /** The right status and headers, `Content-Length: 0`, no body. */
  | { kind: 'empty' }
  /** Chunked, ended properly, too early. */
  | { kind: 'short'; after: number }
  /** Answers another range than asked: `Content-Range` and bytes start `by` bytes later (or earlier). */
  | { kind: 'shift-range'; by: number }
  /** 200 and the whole file, whatever the `Range`. */
  | { kind: 'ignore-range' }
  /** One bit of the file is wrong; the size is right. */
  | { kind: 'flip'; at: number }
  /** Slow first byte. */
  | { kind: 'delay'; ms: number }
  /** A slow body, per connection. */
  | { kind: 'throttle'; bytesPerSecond: number }
  /** `to` may be relative, another origin, or a function of the request target (`(t) => t` is a loop). */
  | { kind: 'redirect'; to: string | ((target: string) => string); status?: number }
  /** The CDN's 403 for a signed URL that has expired. */
  | { kind: 'expired' }
  /** 416 as the hub says it, with the size in `Content-Range`, or as the CDN does, bare. */
  | { kind: 'unsatisfiable'; form: 'hub' | 'cdn' }
  /** Changes a JSON answer: see `wrongSize` and its neighbours in tree-faults.ts. */
  | { kind: 'json'; rewrite: (json: unknown) => unknown }
  /** Calls back `before` the answer is made, or `after` it is made and before it is sent: moves a branch between two calls. */
  | { kind: 'run'; run: () => void; when?: 'before' | 'after' };

/** Which requests an action is for; everything given must match. */
export interface FaultRule {
  readonly origin?: Origin;
  readonly method?: string;
  /** Tells apart the two requests a git file takes: `resolve` and `resolve-cache`. */
  readonly kind?: Route['kind'];
  /** The decoded path: equal if it starts with `/`, else its end; or a pattern. */
  readonly path?: string | RegExp;
  /** The path of the file asked for, on either origin: a CDN path does not show it. */
  readonly file?: string | RegExp;
  /** Part of the query as sent: `cursor=` is the second page of a tree. */
  readonly query?: string | RegExp;
  /** The `Range` header; `/^$/` is a request without one. */
  readonly range?: string | RegExp;
  /** Only the nth match, counted from 1. */
  readonly nth?: number;
  /** Only the first matches. Without `nth` and `first`: always. */
  readonly first?: number;
  readonly action: FaultAction;
}

export interface Fault {
  readonly rule: FaultRule;
  /** Requests that matched the rule, and those the action was applied to. */
  readonly matched: number;
  readonly applied: number;
}

/** The rules in force. */
export class Faults {
  readonly #faults: { rule: FaultRule; matched: number; applied: number }[] = [];

  add(rule: FaultRule): Fault {
    const fault = { rule, matched: 0, applied: 0 };
    this.#faults.push(fault);
    return fault;
  }

  clear(): void {
    this.#faults.length = 0;
  }

  /** The actions due for this request; counts it. */
  due(ask: Ask, file: string | undefined): Due {
    const due = this.#faults.filter((fault) => {
      if (!matches(fault.rule, ask, file)) return false;
      fault.matched++;
      const { nth, first } = fault.rule;
      const now = (nth ?? fault.matched) === fault.matched && fault.matched <= (first ?? Infinity);
      if (now) fault.applied++;
      return now;
    });
    return new Due(due.map(({ rule }) => rule.action));
  }
}

/** The actions due for one request. */
export class Due {
  readonly #actions: readonly FaultAction[];

  constructor(actions: readonly FaultAction[]) {
    this.#actions = actions;
  }

  all<K extends FaultAction['kind']>(kind: K): Extract<FaultAction, { kind: K }>[] {
    return this.#actions.filter((action) => action.kind === kind) as Extract<FaultAction, { kind: K }>[];
  }

  /** The first of its kind. */
  one<K extends FaultAction['kind']>(kind: K): Extract<FaultAction, { kind: K }> | undefined {
    return this.all(kind)[0];
  }
}

function matches(rule: FaultRule, ask: Ask, file: string | undefined): boolean {
  const mark = ask.target.indexOf('?');
  const query = mark < 0 ? '' : ask.target.slice(mark + 1);
  return (
    (rule.origin === undefined || rule.origin === ask.origin) &&
    (rule.method === undefined || rule.method === ask.method) &&
    (rule.kind === undefined || rule.kind === ask.route.kind) &&
    (rule.path === undefined || pathFits(rule.path, ask.path)) &&
    (rule.file === undefined || (file !== undefined && fits(rule.file, file, (a, b) => a === b))) &&
    (rule.query === undefined || fits(rule.query, query, (part, whole) => whole.includes(part))) &&
    (rule.range === undefined || fits(rule.range, ask.headers.range ?? '', (a, b) => a === b))
  );
}

function pathFits(path: string | RegExp, actual: string): boolean {
  return fits(path, actual, (wanted) =>
    wanted.startsWith('/') ? actual === wanted : actual.endsWith(wanted),
  );
}

function fits(
  wanted: string | RegExp,
  actual: string,
  same: (wanted: string, actual: string) => boolean,
): boolean {
  return typeof wanted === 'string' ? same(wanted, actual) : actual.search(wanted) >= 0;
}
