// The only place that calls fetch. Paths are relative to the base address ("api/v1/query").

// Why a request failed, in words that can be shown as they are.
export class ApiError extends Error {
  constructor(
    message: string,
    readonly kind: 'unreachable' | 'refused', // refused: the server answered with a reason
    readonly status = 0,
    readonly type = '',
  ) {
    super(message);
  }
}

export type Params = Record<string, string | number | boolean | string[] | undefined | null>;

export function encodeParams(params: Params): URLSearchParams {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === null) continue;
    for (const v of Array.isArray(value) ? value : [String(value)]) out.append(name, v);
  }
  return out;
}

export interface Call {
  params?: Params;
  signal?: AbortSignal;
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  form?: Params; // sent as a form
  json?: unknown; // sent as JSON
}

export async function send(path: string, call: Call = {}): Promise<Response> {
  const url = new URL(path, document.baseURI);
  if (call.params) url.search = encodeParams(call.params).toString();
  const init: RequestInit = { method: call.method ?? 'GET', signal: call.signal ?? null };
  if (call.form) init.body = encodeParams(call.form);
  if (call.json !== undefined) {
    init.body = JSON.stringify(call.json);
    init.headers = { 'Content-Type': 'application/json' };
  }
  try {
    return await fetch(url, init);
  } catch (e) {
    if (call.signal?.aborted) throw e;
    throw new ApiError('The server cannot be reached.', 'unreachable');
  }
}

// A body that is not JSON (a proxy's page, a plain-text refusal) becomes the message.
export async function sendJson<T>(path: string, call: Call = {}): Promise<T> {
  const response = await send(path, call);
  const text = await response.text();
  let body: unknown;
  try {
    body = text ? JSON.parse(text) : undefined;
  } catch {
    const plain = text.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').trim().slice(0, 300);
    throw new ApiError(plain || `The server answered ${response.status}.`, 'refused', response.status);
  }
  if (response.ok) return body as T;
  const { error, errorType, message } = (body ?? {}) as Record<string, string | undefined>;
  const said = typeof body === 'string' ? body : (error ?? message ?? `The server answered ${response.status}.`);
  throw new ApiError(said, 'refused', response.status, errorType ?? '');
}
