/** People at api's door: sessions, tokens, roles, passwords, attempts, and what the audit has to say of it. */
import { checkAudit } from '../apps/api/src/audit.js';
import { complaintAboutPassword } from '../apps/api/src/people/password.js';
import { makeFirstAdmin, resetPassword } from '../apps/api/src/people/people.js';
import { addSomebody, Asker, goodPassword, serveApi, type ApiApp, type ApiAppOptions } from './support/api-app.js';
import { privateDatabase, type PrivateDatabase } from './support/private-database.js';

let own: PrivateDatabase;
const apps: ApiApp[] = [];

beforeAll(async () => {
  own = await privateDatabase();
  await own.db.query("insert into registry.asset (id, kind, name_vi, name_en, time_zone) values ('ward-1', 'zone', 'Phường 1', 'Ward 1', 'Asia/Ho_Chi_Minh')");
  for (const role of ['viewer', 'operator', 'supervisor', 'admin'] as const) await addSomebody(own.db, role, role);
  await addSomebody(own.db, 'local', 'admin', ['ward-1']);
}, 60_000);

afterEach(async () => {
  for (const app of apps.splice(0)) await app.stop();
});

afterAll(() => own.drop());

async function serve(options: ApiAppOptions = {}): Promise<string> {
  const app = await serveApi(own.db, options);
  apps.push(app);
  return app.url;
}

async function signedIn(url: string, name: string): Promise<Asker> {
  const asker = new Asker(url);
  expect((await asker.signIn(name)).status).toBe(201);
  return asker;
}

const audited = async (action: string, subject: string): Promise<Record<string, unknown>[]> => own.db.query('select author, details from registry.audit where action = $1 and subject = $2 order by seq', [action, subject]);

describe('a session', () => {
  test('is begun with name and password, known by a cookie that no script reads, and ended', async () => {
    const url = await serve();
    const asker = new Asker(url);
    const first = await asker.ask('POST', '/v1/session', { name: ' Viewer ', password: goodPassword });
    expect(first).toMatchObject({ status: 201, body: { person: 'viewer', role: 'viewer', areas: [], mustChangePassword: false } });
    expect(first.headers.get('set-cookie')).toMatch(/^nhip=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Strict; Expires=[^;]+$/);
    expect(first.headers.get('cache-control')).toBe('no-store');
    expect((await asker.ask('GET', '/v1/session')).body).toMatchObject({ person: 'viewer', csrf: first.body.csrf });
    asker.csrf = first.body.csrf;
    const cookie = asker.cookie!;
    expect((await asker.ask('DELETE', '/v1/session')).status).toBe(204);
    expect(asker.cookie).toBeNull();
    asker.cookie = cookie;
    expect((await asker.ask('GET', '/v1/session')).status).toBe(401);
    expect((await audited('signed-in', 'viewer')).length).toBe(1);
    expect((await audited('signed-out', 'viewer')).length).toBe(1);
    expect(JSON.stringify(await own.db.query('select * from registry.audit'))).not.toContain(cookie.slice(5));
  }, 60_000);

  test('ends everywhere at once when its person says so; a token stays', async () => {
    const url = await serve();
    const [one, other] = [await signedIn(url, 'operator'), await signedIn(url, 'operator')];
    const { body } = await one.ask('POST', '/v1/tokens', { name: 'script', role: 'viewer', days: 1 });
    expect((await one.ask('DELETE', '/v1/session/everywhere')).status).toBe(204);
    expect((await other.ask('GET', '/v1/session')).status).toBe(401);
    expect((await new Asker(url, body.secret).ask('GET', '/v1/session')).status).toBe(200);
  }, 60_000);

  test('ends when nobody uses it, and in any case in the end', async () => {
    const url = await serve({ sessionIdleMinutes: 30 });
    const asker = await signedIn(url, 'viewer');
    await own.db.query("update registry.session set seen_at = now() - interval '29 min' where person = 'viewer'");
    expect((await asker.ask('GET', '/v1/session')).status).toBe(200); // And notes that it is used.
    await own.db.query("update registry.session set seen_at = seen_at - interval '31 min' where person = 'viewer'");
    expect((await asker.ask('GET', '/v1/session')).status).toBe(401);
    const again = await signedIn(url, 'viewer');
    await own.db.query("update registry.session set expires_at = now() where person = 'viewer'");
    expect((await again.ask('GET', '/v1/session')).status).toBe(401);
  }, 60_000);

  test('a change by cookie needs the header of its own session, and a page of ours; reading needs neither', async () => {
    const url = await serve();
    const [asker, other] = [await signedIn(url, 'admin'), await signedIn(url, 'admin')];
    const right = asker.csrf!;
    const change = (headers: Record<string, string> = {}) => asker.ask('PATCH', '/v1/people/viewer', { name: 'Viewer' }, headers);
    asker.csrf = null;
    expect(await change()).toMatchObject({ status: 403, body: { type: 'urn:nhip:problem:csrf', field: 'nhip-csrf' } });
    expect((await change({ 'nhip-csrf': other.csrf! })).status).toBe(403);
    expect(await change({ 'nhip-csrf': right, origin: 'https://evil.example' })).toMatchObject({ status: 403, body: { type: 'urn:nhip:problem:other-site' } });
    expect((await change({ 'nhip-csrf': right, origin: 'null' })).status).toBe(403);
    expect((await change({ 'nhip-csrf': right, 'sec-fetch-site': 'same-site' })).status).toBe(403);
    expect((await change({ 'nhip-csrf': right, origin: url })).status).toBe(200);
    expect((await asker.ask('GET', '/v1/people', undefined, { origin: 'https://evil.example' })).status).toBe(200);
    expect((await asker.ask('POST', '/v1/traffic/things', {})).status).toBe(403); // What is forwarded too.
    expect((await new Asker(url).ask('POST', '/v1/session', { name: 'admin', password: goodPassword }, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await new Asker(url).ask('POST', '/v1/session', `{"name":"admin","password":"${goodPassword}"}`, { 'content-type': 'text/plain' })).status).toBe(415); // What a form of another site could send.
  }, 60_000);

  test('behind https its cookie is for https and this host alone', async () => {
    const url = await serve({ publicUrl: new URL('https://nhip.example.vn') });
    const answer = await new Asker(url).ask('POST', '/v1/session', { name: 'viewer', password: goodPassword }, { origin: 'https://nhip.example.vn' });
    expect(answer.headers.get('set-cookie')).toMatch(/^__Host-nhip=.*; Path=\/; HttpOnly; SameSite=Strict; .*; Secure$/);
    expect((await new Asker(url).ask('POST', '/v1/session', { name: 'viewer', password: goodPassword }, { origin: url })).status).toBe(403);
  }, 60_000);
});

describe('signing in', () => {
  test('does not say whether the name or the password was wrong, nor write down what was typed', async () => {
    const url = await serve();
    const answers = [];
    for (const [name, password] of [['viewer', 'wrong'], ['nobody', 'wrong'], ['my secret typed as name', 'wrong'], ['vie\u0000wer', 'wrong']] as const) answers.push(await new Asker(url).signIn(name, password));
    for (const { status, body } of answers) expect([status, body]).toEqual([401, answers[0]!.body]);
    expect(JSON.stringify(await own.db.query('select * from registry.audit'))).not.toContain('typed as name');
  }, 60_000);

  test('takes as much work for a name that nobody has', async () => {
    const url = await serve({ attempts: { perNameAndAddress: 1_000, perAddress: 1_000, perName: 1_000, forgivenS: 60, remembered: 100 } });
    // CPU time, not the clock: a hash costs the same however busy the machine is.
    const cost = async (name: string): Promise<number> => {
      const before = process.cpuUsage();
      for (let n = 0; n < 10; n++) await new Asker(url).signIn(name, 'wrong wrong wrong');
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    await cost('viewer');
    const [known, unknown] = [await cost('viewer'), await cost('nobody')];
    expect(unknown).toBeGreaterThan(known / 2);
  }, 60_000);

  test('is slowed down for a name at an address, not for its neighbours; forwarded addresses count only behind a proxy of ours', async () => {
    const url = await serve({ attempts: { perNameAndAddress: 3, perAddress: 6, perName: 50, forgivenS: 600, remembered: 100 }, proxies: 1 });
    const at = (address: string, name: string, password: string) => new Asker(url).ask('POST', '/v1/session', { name, password }, { 'x-forwarded-for': `6.6.6.6, ${address}` });
    for (let n = 0; n < 3; n++) expect((await at('10.0.0.1', 'viewer', 'wrong')).status).toBe(401);
    const slowed = await at('10.0.0.1', 'viewer', goodPassword);
    expect([slowed.status, slowed.body.type, Number(slowed.headers.get('retry-after'))]).toEqual([429, 'urn:nhip:problem:too-many-attempts', expect.any(Number)]);
    expect(Number(slowed.headers.get('retry-after'))).toBeGreaterThan(500);
    expect((await at('10.0.0.2', 'viewer', goodPassword)).status).toBe(201);
    expect((await at('10.0.0.1', 'operator', goodPassword)).status).toBe(201);
    for (let n = 0; n < 3; n++) expect((await at('10.0.0.1', `name-${n}`, 'wrong')).status).toBe(401);
    expect((await at('10.0.0.1', 'operator', goodPassword)).status).toBe(429);
    const direct = await serve({ attempts: { perNameAndAddress: 1, perAddress: 1, perName: 50, forgivenS: 600, remembered: 100 } });
    for (const [address, status] of [['1.1.1.1', 401], ['2.2.2.2', 429]] as const) expect((await new Asker(direct).ask('POST', '/v1/session', { name: 'viewer', password: 'wrong' }, { 'x-forwarded-for': address })).status).toBe(status);
  }, 60_000);

  test('many attempts at once do not pass together', async () => {
    const url = await serve({ attempts: { perNameAndAddress: 3, perAddress: 100, perName: 100, forgivenS: 600, remembered: 100 } });
    const statuses = (await Promise.all(Array.from({ length: 12 }, () => new Asker(url).signIn('viewer', 'wrong')))).map(({ status }) => status).sort();
    expect(statuses).toEqual([401, 401, 401, ...Array<number>(9).fill(429)]);
  }, 60_000);
});

describe('passwords', () => {
  test.each<[string, string | null]>([
    ['short', '12 to 128 characters'],
    ['a'.repeat(129), '12 to 128 characters'],
    ['aaaaaaaabbbb', 'at least 5 different characters'],
    ['lan.nguyen-2026!', 'a password that does not contain the name'],
    ['Password1234', 'a password that is not among those tried first'],
    ['matkhau20261', 'a password that is not among those tried first'],
    ['123456789012', 'a password that is not among those tried first'],
    ['chim sẻ đậu cành me', null],
    ['tr0ub4dor and 3', null],
  ])('%s: %s', (password, complaint) => {
    expect(complaintAboutPassword(password, 'lan.nguyen')).toBe(complaint);
  });

  test('one that another person knows opens nothing until it is changed; a change ends the other sessions', async () => {
    const url = await serve();
    const admin = await signedIn(url, 'admin');
    const added = await admin.ask('POST', '/v1/people', { id: 'lan', name: 'Lan', role: 'operator', areas: ['ward-1'] });
    expect(added).toMatchObject({ status: 201, body: { person: { id: 'lan', role: 'operator', areas: ['ward-1'], mustChangePassword: true } } });
    expect(added.body.person.passwordHash).toBeUndefined();
    const [lan, elsewhere] = [new Asker(url), new Asker(url)];
    for (const asker of [lan, elsewhere]) expect((await asker.signIn('lan', added.body.password)).body.mustChangePassword).toBe(true);
    expect(await lan.ask('GET', '/v1/traffic/latest')).toMatchObject({ status: 403, body: { type: 'urn:nhip:problem:change-password' } });
    expect(await lan.ask('POST', '/v1/session/password', { current: 'wrong', new: goodPassword })).toMatchObject({ status: 422, body: { field: 'current' } });
    expect(await lan.ask('POST', '/v1/session/password', { current: added.body.password, new: 'short' })).toMatchObject({ status: 422, body: { field: 'new', expected: '12 to 128 characters' } });
    expect((await lan.ask('POST', '/v1/session/password', { current: added.body.password, new: goodPassword })).status).toBe(204);
    expect((await lan.ask('GET', '/v1/traffic/latest')).status).toBe(200);
    expect((await elsewhere.ask('GET', '/v1/session')).status).toBe(401);
    expect((await new Asker(url).signIn('lan', added.body.password)).status).toBe(401);
    const reset = await admin.ask('POST', '/v1/people/lan/password');
    expect(reset.status).toBe(201);
    expect((await lan.ask('GET', '/v1/session')).status).toBe(401);
    expect((await new Asker(url).signIn('lan', reset.body.password)).status).toBe(201);
    const kept = JSON.stringify(await own.db.query('select * from registry.person')) + JSON.stringify(await own.db.query('select * from registry.audit'));
    for (const password of [added.body.password, reset.body.password, goodPassword]) expect(kept).not.toContain(password);
    expect(kept).toContain('$argon2id$v=19$m=19456,t=2,p=1$');
  }, 60_000);

  test('the first admin is made once; the command restores them whatever was done to them', async () => {
    const empty = await privateDatabase();
    try {
      const [one, other] = await Promise.all([makeFirstAdmin(empty.db), makeFirstAdmin(empty.db)]);
      expect([one, other].filter((password) => password !== null).length).toBe(1);
      expect(await makeFirstAdmin(empty.db)).toBeNull();
      const app = await serveApi(empty.db);
      apps.push(app);
      const admin = new Asker(app.url);
      expect((await admin.signIn('admin', (one ?? other)!)).body).toMatchObject({ role: 'admin', areas: [], mustChangePassword: false });
      await empty.db.query("update registry.person set active = false, role = 'viewer'");
      expect((await admin.ask('GET', '/v1/people')).status).toBe(401);
      const again = await resetPassword(empty.db, 'admin', 'cli:root', { mustChange: false, restore: true });
      expect((await new Asker(app.url).signIn('admin', again)).body).toMatchObject({ role: 'admin', mustChangePassword: false });
    } finally {
      for (const app of apps.splice(0)) await app.stop();
      await empty.drop();
    }
  }, 60_000);
});

describe('people', () => {
  test('are added, changed and put off by admins of the whole city; the last one stays', async () => {
    const url = await serve();
    const admin = await signedIn(url, 'admin');
    expect(await admin.ask('POST', '/v1/people', { id: 'viewer', name: 'x', role: 'viewer' })).toMatchObject({ status: 409, body: { field: 'id' } });
    expect(await admin.ask('POST', '/v1/people', { id: 'minh', name: 'Minh', role: 'boss' })).toMatchObject({ status: 422, body: { field: 'role' } });
    expect(await admin.ask('POST', '/v1/people', { id: 'minh', name: 'Minh', role: 'viewer', areas: ['nowhere'] })).toMatchObject({ status: 422, body: { field: 'areas' } });
    expect((await admin.ask('POST', '/v1/people', { id: 'minh', name: 'Minh', role: 'viewer' })).status).toBe(201);
    const viewer = await signedIn(url, 'viewer');
    const { body } = await viewer.ask('POST', '/v1/tokens', { name: 't' });
    expect(await admin.ask('PATCH', '/v1/people/viewer', { active: false })).toMatchObject({ status: 200, body: { active: false } });
    expect((await viewer.ask('GET', '/v1/session')).status).toBe(401);
    expect((await new Asker(url, body.secret).ask('GET', '/v1/session')).status).toBe(401);
    expect((await new Asker(url).signIn('viewer')).status).toBe(401);
    await admin.ask('PATCH', '/v1/people/viewer', { active: true });
    expect((await signedIn(url, 'viewer')).cookie).not.toBeNull();
    for (const change of [{ role: 'viewer' }, { active: false }, { areas: ['ward-1'] }]) expect(await admin.ask('PATCH', '/v1/people/admin', change)).toMatchObject({ status: 409, body: { type: 'urn:nhip:problem:last-admin' } });
    const [, last] = await audited('person-changed', 'viewer');
    expect(last).toMatchObject({ author: 'admin', details: { before: { active: true }, after: { active: false } } });
  }, 60_000);

  test('come in pages', async () => {
    const admin = await signedIn(await serve(), 'admin');
    const names: string[] = [];
    for (let cursor = ''; ; ) {
      const { body } = await admin.ask('GET', `/v1/people?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      names.push(...body.items.map(({ id }: { id: string }) => id));
      if (body.next === null) break;
      cursor = body.next;
    }
    expect(names).toEqual([...new Set(names)].sort());
    expect(names).toEqual((await own.db.query('select id from registry.person order by id')).map(({ id }) => id));
    expect(await admin.ask('GET', '/v1/people?cursor=WyJhXHUwMDAwIl0')).toMatchObject({ status: 422, body: { field: 'cursor' } });
    expect(await admin.ask('GET', '/v1/people?limit=0')).toMatchObject({ status: 422, body: { field: 'limit' } });
  }, 60_000);

  test('with areas nobody reaches what belongs to the whole city', async () => {
    const local = await signedIn(await serve(), 'local');
    for (const [method, path, body] of [['GET', '/v1/people'], ['POST', '/v1/people', { id: 'mine', name: 'x', role: 'admin' }], ['PATCH', '/v1/people/local', { areas: [] }], ['POST', '/v1/people/admin/password'], ['GET', '/v1/tokens?all=true']] as const) {
      expect([path, (await local.ask(method, path, body)).status]).toEqual([path, 403]);
    }
  }, 60_000);
});

describe('tokens', () => {
  test('act for their person with at most their rights, now and later, until they are revoked or expire', async () => {
    const url = await serve();
    const [operator, admin] = [await signedIn(url, 'operator'), await signedIn(url, 'admin')];
    expect(await operator.ask('POST', '/v1/tokens', { name: 'too much', role: 'admin' })).toMatchObject({ status: 422, body: { field: 'role' } });
    const { body } = await operator.ask('POST', '/v1/tokens', { name: 'script', role: 'operator', days: 1 });
    expect(body.secret).toMatch(/^nhip_[A-Za-z0-9_-]{43}$/);
    const program = new Asker(url, body.secret);
    expect((await program.ask('GET', '/v1/session')).body).toMatchObject({ person: 'operator', role: 'operator', csrf: null });
    expect((await program.ask('POST', '/v1/traffic/things', {})).status).toBe(200); // No cookie, so no header beside it.
    expect((await program.ask('POST', '/v1/tokens', { name: 'another' })).status).toBe(403);
    expect((await program.ask('POST', '/v1/session/password', { current: goodPassword, new: 'x' })).status).toBe(403);
    await admin.ask('PATCH', '/v1/people/operator', { role: 'viewer' });
    expect((await program.ask('GET', '/v1/session')).body.role).toBe('viewer');
    await admin.ask('PATCH', '/v1/people/operator', { role: 'operator' });
    const listed = (await operator.ask('GET', '/v1/tokens')).body.items;
    expect(listed[0]).toMatchObject({ id: body.token.id, name: 'script', revokedAt: null, usedAt: expect.any(String) });
    expect(JSON.stringify(listed)).not.toContain(body.secret);
    expect((await (await signedIn(url, 'viewer')).ask('DELETE', `/v1/tokens/${body.token.id}`)).status).toBe(404);
    expect((await admin.ask('DELETE', `/v1/tokens/${body.token.id}`)).status).toBe(204);
    expect((await program.ask('GET', '/v1/session')).status).toBe(401);
    const second = (await operator.ask('POST', '/v1/tokens', { name: 'short' })).body.secret;
    await own.db.query("update registry.token set expires_at = now() where name = 'short'");
    expect((await new Asker(url, second).ask('GET', '/v1/session')).status).toBe(401);
    expect(JSON.stringify(await own.db.query('select encode(sha256, \'base64\'), name from registry.token')) + JSON.stringify(await own.db.query('select * from registry.audit'))).not.toContain(second);
  }, 60_000);
});

describe('the pace', () => {
  test('of a person is their own; of strangers that of their address; beyond it, 429 with the time to wait', async () => {
    const slow = { perMinute: 6, burst: 4, remembered: 100 };
    const url = await serve({ pace: slow, strangersPace: { ...slow, burst: 10 } });
    const [viewer, operator] = [await signedIn(url, 'viewer'), await signedIn(url, 'operator')];
    for (let n = 0; n < 4; n++) expect((await viewer.ask('GET', '/v1/session')).status).toBe(200);
    const fast = await viewer.ask('GET', '/v1/session');
    expect([fast.status, fast.headers.get('retry-after'), fast.headers.get('content-type')]).toEqual([429, '10', 'application/problem+json; charset=utf-8']);
    expect((await operator.ask('GET', '/v1/session')).status).toBe(200);
    const statuses = [];
    for (let n = 0; n < 9; n++) statuses.push((await new Asker(url).ask('GET', n % 2 === 0 ? '/' : '/v1/session')).status);
    expect(statuses).toEqual([200, 401, 200, 401, 200, 401, 200, 401, 429]);
    expect((await new Asker(url).ask('GET', '/healthz')).status).toBe(200);
    expect((await new Asker(url, 'nhip_wrong').ask('GET', '/v1/session')).status).toBe(429);
  }, 60_000);

  test('metrics are for operators, health for all', async () => {
    const url = await serve();
    expect((await new Asker(url).ask('GET', '/metrics')).status).toBe(401);
    expect((await (await signedIn(url, 'viewer')).ask('GET', '/metrics')).status).toBe(403);
    expect((await (await signedIn(url, 'operator')).ask('GET', '/metrics')).status).toBe(200);
    for (const path of ['/healthz', '/readyz', '/', '/live.js']) expect([path, (await new Asker(url).ask('GET', path)).status]).toEqual([path, 200]);
  }, 60_000);
});

test('at the end the audit holds', async () => {
  const { rows, brokenAt } = await checkAudit(own.db);
  expect([rows > 50, brokenAt]).toEqual([true, null]);
}, 60_000);
