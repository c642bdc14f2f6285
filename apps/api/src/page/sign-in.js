/**
 * Signing in and out, as the page does it. The session itself is in a cookie that no script can read; `csrf` shows with
 * each change that this page asked for it.
 */
const deadlineMs = 10_000;

/** The session of this browser, or null. Throws when the server does not say. */
export async function currentSession() {
  const answer = await call('GET', '/v1/session');
  if (answer.status === 401) return null;
  if (!answer.ok) throw new Error(`session: ${answer.status}`);
  return answer.json();
}

/** The session, or what was wrong. */
export async function signIn(name, password) {
  return resultOf(() => call('POST', '/v1/session', { name, password }), (answer) => answer.json());
}

export async function signOut(session) {
  await call('DELETE', '/v1/session', undefined, session.csrf).catch(() => undefined);
}

/** The session as it is then, or what was wrong. */
export async function changePassword(session, current, next) {
  return resultOf(() => call('POST', '/v1/session/password', { current, new: next }, session.csrf), () => ({ ...session, mustChangePassword: false }));
}

async function resultOf(asking, take) {
  try {
    const answer = await asking();
    if (answer.ok) return await take(answer);
    const { field } = await answer.json();
    if (answer.status === 429) return { wrong: 'too-many-attempts', seconds: Number(answer.headers.get('retry-after')) };
    if (answer.status === 422) return { wrong: field === 'new' ? 'wrong-new' : field === 'current' ? 'wrong-current' : 'sign-in' };
    return { wrong: answer.status === 401 ? 'sign-in' : 'no-answer' };
  } catch {
    return { wrong: 'no-answer' };
  }
}

function call(method, path, body, csrf) {
  return fetch(path, {
    method,
    signal: AbortSignal.timeout(deadlineMs),
    headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...(csrf === undefined ? {} : { 'nhip-csrf': csrf }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
