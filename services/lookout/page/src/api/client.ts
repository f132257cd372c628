/** An answer of the server that is not a success, in Grafana's error shape: `{message, messageId?, statusCode?}`. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

async function read(response: Response): Promise<unknown> {
  const text = await response.text();
  if (!text) {
    return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.slice(0, 300) };
  }
}

function messageOf(body: unknown, response: Response): string {
  if (body && typeof body === 'object') {
    const { message, error } = body as { message?: unknown; error?: unknown };
    if (typeof message === 'string' && message) {
      return message;
    }
    if (typeof error === 'string' && error) {
      return error;
    }
  }
  return `The server answered ${response.status} ${response.statusText}`.trim();
}

/**
 * Asks the server that served this page.
 *
 * @throws ApiError for an answer that is no success, TypeError-shaped network failures as ApiError with status 0
 */
export async function ask<T>(path: string, options: { method?: string; body?: unknown; signal?: AbortSignal; accept?: number[] } = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method: options.method ?? 'GET',
      headers: options.body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
    });
  } catch (error) {
    if (options.signal?.aborted) {
      throw error;
    }
    throw new ApiError(0, 'The server cannot be reached. Is it running?');
  }
  const body = await read(response);
  if (!response.ok && !options.accept?.includes(response.status)) {
    throw new ApiError(response.status, messageOf(body, response));
  }
  return body as T;
}
