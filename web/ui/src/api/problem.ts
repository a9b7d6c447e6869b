export interface FieldFault {
  path: string;
  message: string;
  /** The stable word, where there is one. */
  code?: string;
  /** Of a text that was given: the line that is at fault, from 1. */
  line?: number;
  /** What the words of the code hold. */
  values?: Record<string, string>;
}

/** Things that stand in the way of a removal. */
export interface Blocker {
  object: string;
  count: number;
  names: string[];
}

/** What went wrong with a request; `code` is the stable word for translations. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly fields: FieldFault[] = [],
    readonly retryAfterS?: number,
    readonly requestId?: string,
    readonly reason?: string,
    readonly blockers: Blocker[] = [],
  ) {
    super(detail || code);
    this.name = 'ApiError';
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Reads problem details; anything else becomes an error of the status alone. */
export function toApiError(status: number, body: unknown): ApiError {
  if (!isRecord(body)) return new ApiError(status, fallbackCode(status), '');
  const fields = Array.isArray(body.errors)
    ? body.errors.filter(isRecord).map((f) => ({ path: text(f.path), message: text(f.message), code: text(f.code) || undefined, line: typeof f.line === 'number' ? f.line : undefined, values: valuesOf(f.values) }))
    : [];
  const retryAfter = typeof body.retry_after_s === 'number' ? body.retry_after_s : undefined;
  return new ApiError(
    status,
    text(body.code) || fallbackCode(status),
    text(body.detail) || text(body.title),
    fields,
    retryAfter,
    text(body.request_id) || undefined,
    text(body.reason) || undefined,
    Array.isArray(body.blockers) ? body.blockers.filter(isRecord).map(toBlocker) : [],
  );
}

const valuesOf = (v: unknown) =>
  isRecord(v) ? Object.fromEntries(Object.entries(v).filter((e): e is [string, string] => typeof e[1] === 'string')) : undefined;

const toBlocker = (b: Record<string, unknown>): Blocker => ({
  object: text(b.object),
  count: typeof b.count === 'number' ? b.count : 0,
  names: Array.isArray(b.names) ? b.names.filter((n) => typeof n === 'string') : [],
});

function fallbackCode(status: number): string {
  if (status === 401) return 'unauthenticated';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not-found';
  if (status === 502 || status === 503 || status === 504) return 'unavailable';
  return 'internal';
}
