// Small helpers for connectors in JavaScript. Yours to change.

/**
 * A failure of the contract, to be thrown. `kind` is one of wit/deps/hallpass-connector.wit, `code` a stable word, `message` one sentence
 * for a person with the cause and the remedy. `effect` says what the call left in the target: 'none' is a promise.
 */
export function failure(kind, code, message, { effect = 'none', retryAfterMs } = {}) {
  return { kind, code, message, effect, retryAfterMs };
}

/** An interface whose unforeseen errors reach the broker as failures, instead of ending the call without a word. */
export function guarded(functions) {
  const guard = (run) => async (...args) => {
    try {
      return await run(...args);
    } catch (error) {
      if (!(error instanceof Error)) throw error; // a failure of the contract
      throw failure('internal', 'unexpected-error', `${error.name}: ${error.message}`, { effect: 'unknown' });
    }
  };
  return Object.fromEntries(Object.entries(functions).map(([name, run]) => [name, guard(run)]));
}

const KINDS = { 400: 'invalid-input', 401: 'unauthenticated', 403: 'forbidden', 404: 'not-found', 409: 'conflict', 429: 'rate-limited' };

/**
 * Sends a request and gives its status and JSON body. An answer that is neither a success nor one of `expected` is thrown as a failure.
 * The host adds the credential; this code never sees it.
 */
export async function request(method, url, { body, expected = [] } = {}) {
  const changes = method !== 'GET' && method !== 'HEAD';
  let answer, text;
  try {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    answer = await fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    text = await answer.text();
  } catch (error) {
    // It may have arrived: only a look can tell. Why there is no answer, `fetch` does not say.
    const effect = changes ? 'unknown' : 'none';
    throw failure('unavailable', 'no-answer', `${method} ${new URL(url).pathname} got no answer: ${error.message}`, { effect });
  }
  const { status } = answer;
  if (!(status >= 200 && status < 300) && !expected.includes(status)) {
    const kind = KINDS[status] ?? 'unavailable';
    const wait = Number(answer.headers.get('retry-after'));
    throw failure(kind, `http-${status}`, `${method} ${new URL(url).pathname} answered ${status}`, {
      effect: changes && status >= 500 ? 'unknown' : 'none',
      retryAfterMs: wait > 0 ? BigInt(wait) * 1000n : undefined,
    });
  }
  if (text === '') return { status, json: undefined };
  try {
    return { status, json: JSON.parse(text) };
  } catch {
    const effect = changes ? 'unknown' : 'none';
    throw failure('unavailable', 'no-json', `${method} ${new URL(url).pathname} answered something that is not JSON`, { effect });
  }
}
