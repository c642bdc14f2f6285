/**
 * The live page: for whoever is signed in, asks api every 2 s for the latest readings, conditions and accounting of
 * traffic, and shows them.
 *
 * Everything that comes from outside is put in as text, never as markup. Times are shown in the city's zone.
 */
import { changePassword, currentSession, signIn, signOut } from './sign-in.js';

const texts = {
  vi: {
    subtitle: 'Nhịp của thành phố – giao thông trực tiếp',
    counts: 'Bản tin từ thiết bị', entries: 'Đã nhận', stored: 'Đã lưu', corrected: 'Đã hiệu chỉnh', repeated: 'Trùng lặp', deadLettered: 'Bị từ chối', inFlight: 'Đang xử lý',
    conditions: 'Cảnh báo đang diễn ra', noConditions: 'Không có đoạn đường nào ùn tắc.', since: 'từ', of: 'ngưỡng', ofFreeFlow: 'tốc độ tự do',
    latest: 'Số đo mới nhất', noReadings: 'Chưa có số đo nào. Thiết bị sẽ hiện ra ở đây ngay khi gửi bản tin đầu tiên.',
    place: 'Vị trí', motorcycle: 'Xe máy', car: 'Ô tô con', bus: 'Xe buýt', truck: 'Xe tải', count: 'Tổng (xe)', speedKmh: 'Tốc độ (km/h)', occupancy: 'Chiếm dụng (%)', observedAt: 'Lúc', periodS: 'Chu kỳ',
    live: 'trực tiếp', waiting: 'đang kết nối…', lost: 'mất kết nối, đang thử lại', language: 'English',
    footer: 'Giờ Hà Nội. Số liệu do thiết bị gửi; trang này được cập nhật 2 giây một lần. Đường phố nhập từ bản đồ: © OpenStreetMap contributors (ODbL 1.0).', congestion: 'Ùn tắc',
    signIn: 'Đăng nhập', signOut: 'Đăng xuất', name: 'Tên đăng nhập', password: 'Mật khẩu', changePassword: 'Đổi mật khẩu', passwordNow: 'Mật khẩu hiện tại', passwordNew: 'Mật khẩu mới (12–128 ký tự)',
    changeBecause: 'Mật khẩu này do người khác cấp. Hãy đặt mật khẩu của riêng bạn để tiếp tục.', signedOut: 'chưa đăng nhập',
    'sign-in': 'Tên đăng nhập hoặc mật khẩu không đúng.', 'too-many-attempts': 'Sai quá nhiều lần. Hãy thử lại sau {s} giây.', 'wrong-current': 'Mật khẩu hiện tại không đúng.', 'wrong-new': 'Mật khẩu mới chưa được: cần 12–128 ký tự, ít nhất 5 ký tự khác nhau, không chứa tên, không dễ đoán, khác mật khẩu cũ.', 'no-answer': 'Máy chủ không trả lời. Hãy thử lại.',
    roles: { viewer: 'người xem', operator: 'trực ban', supervisor: 'giám sát', admin: 'quản trị' }, minutes: 'phút', seconds: 'giây', hours: 'giờ',
  },
  en: {
    subtitle: 'The pulse of the city – live traffic',
    counts: 'Messages from devices', entries: 'Received', stored: 'Stored', corrected: 'Corrected', repeated: 'Repeated', deadLettered: 'Refused', inFlight: 'In flight',
    conditions: 'Active conditions', noConditions: 'No segment is congested.', since: 'since', of: 'limit', ofFreeFlow: 'of free-flow speed',
    latest: 'Latest readings', noReadings: 'No readings yet. Devices appear here as soon as they send.',
    place: 'Place', motorcycle: 'Motorcycles', car: 'Cars', bus: 'Buses', truck: 'Trucks', count: 'All (vehicles)', speedKmh: 'Speed (km/h)', occupancy: 'Occupancy (%)', observedAt: 'At', periodS: 'Period',
    live: 'live', waiting: 'connecting…', lost: 'connection lost, trying again', language: 'Tiếng Việt',
    footer: 'Hanoi time. Figures as sent by devices; this page is renewed every 2 seconds. Roads imported from the map: © OpenStreetMap contributors (ODbL 1.0).', congestion: 'Congestion',
    signIn: 'Sign in', signOut: 'Sign out', name: 'Name', password: 'Password', changePassword: 'Change password', passwordNow: 'Present password', passwordNew: 'New password (12–128 characters)',
    changeBecause: 'Somebody else knows this password. Choose one of your own to go on.', signedOut: 'not signed in',
    'sign-in': 'Name or password is wrong.', 'too-many-attempts': 'Too many wrong attempts. Try again in {s} s.', 'wrong-current': 'The present password is wrong.', 'wrong-new': 'This new password will not do: 12–128 characters, at least 5 different ones, without the name, not easily guessed, other than the old one.', 'no-answer': 'The server does not answer. Try again.',
    roles: { viewer: 'viewer', operator: 'operator', supervisor: 'supervisor', admin: 'admin' }, minutes: 'min', seconds: 's', hours: 'h',
  },
};
const columns = ['place', 'motorcycle', 'speedKmh', 'car', 'bus', 'truck', 'count', 'occupancy', 'observedAt', 'periodS'];
const counts = ['entries', 'stored', 'corrected', 'repeated', 'deadLettered', 'inFlight'];
const zone = 'Asia/Ho_Chi_Minh';
const nothing = { latest: null, conditions: null, accounting: null };
let timer;
const everyMs = 2000;
const deadlineMs = 6000;

/** `session`: who is signed in; null: nobody. */
const state = { language: rememberedLanguage(), connection: 'waiting', session: null, wrong: null, latest: null, conditions: null, accounting: null };
const byId = (id) => document.getElementById(id);

byId('language').addEventListener('click', () => {
  state.language = state.language === 'vi' ? 'en' : 'vi';
  try {
    localStorage.setItem('language', state.language);
  } catch {
    // A browser that keeps nothing still shows the page.
  }
  show();
});

onSubmit('sign-in-form', (form) => signIn(form.get('name'), form.get('password')));
onSubmit('change-form', (form) => changePassword(state.session, form.get('current'), form.get('new')));
byId('sign-out').addEventListener('click', async () => {
  await signOut(state.session);
  Object.assign(state, { ...nothing, session: null, connection: 'signedOut' });
  show();
});

show();
void renew();

async function renew() {
  try {
    state.session ??= await currentSession();
    if (state.session === null) state.connection = 'signedOut';
    else if (!state.session.mustChangePassword) {
      const [latest, conditions, accounting] = await Promise.all([ask('latest?limit=50'), ask('conditions'), ask('accounting')]);
      if (state.session !== null) Object.assign(state, { latest, conditions, accounting, connection: 'live' });
    }
  } catch (error) {
    if (error.status === 401) Object.assign(state, { ...nothing, session: null, connection: 'signedOut' });
    else if (error.status === 403) state.session = null; // Perhaps the password is to be changed: ask anew.
    else state.connection = 'lost';
  }
  show();
  clearTimeout(timer);
  // Whoever is not signed in is not asked for again: the form does it.
  if (state.connection !== 'signedOut') timer = setTimeout(renew, everyMs);
}

async function ask(what) {
  const answer = await fetch(`/v1/traffic/${what}`, { signal: AbortSignal.timeout(deadlineMs), headers: { accept: 'application/json' } });
  if (!answer.ok) throw Object.assign(new Error(`${what}: ${answer.status}`), { status: answer.status });
  return answer.json();
}

/** `act` hands back the session as it is then, or what was wrong: `{ wrong, seconds? }`. */
function onSubmit(id, act) {
  const form = byId(id);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('button');
    button.disabled = true;
    const result = await act(new FormData(form));
    button.disabled = false;
    state.wrong = result.wrong === undefined ? null : result;
    if (result.wrong === undefined) {
      form.reset();
      Object.assign(state, { session: result, connection: 'waiting' });
      void renew();
    }
    show();
  });
}

function show() {
  const text = texts[state.language];
  document.documentElement.lang = state.language;
  for (const element of document.querySelectorAll('[data-text]')) element.textContent = text[element.dataset.text];
  byId('language').textContent = text.language;
  byId('connection').textContent = text[state.connection];
  byId('connection').className = state.connection;
  byId('clock').textContent = timeOf(new Date());
  showWho(text);
  document.querySelector('main').classList.toggle('stale', state.connection === 'lost');
  showCounts(text);
  showConditions(text);
  showLatest(text);
}

function showWho(text) {
  const { session, wrong } = state;
  const mustChange = session?.mustChangePassword === true;
  byId('who').hidden = session === null;
  byId('person').textContent = session === null ? '' : `${session.name} (${text.roles[session.role]})`;
  byId('sign-in').hidden = state.connection !== 'signedOut';
  byId('change').hidden = !mustChange;
  document.querySelector('main').hidden = session === null || mustChange;
  byId('change-form').elements.name.value = session?.person ?? '';
  const because = wrong === null ? '' : text[wrong.wrong].replace('{s}', number(wrong.seconds));
  byId(session === null ? 'sign-in-wrong' : 'change-wrong').textContent = because;
}

function showCounts(text) {
  const sum = (name) => (state.accounting ?? []).reduce((total, row) => total + Number(row[name] ?? 0), 0);
  byId('counts').replaceChildren(...counts.map((name) => {
    const value = make('dd', state.accounting === null ? '–' : number(sum(name)));
    if (name === 'deadLettered' && sum(name) > 0) value.className = 'bad';
    return make('div', make('dt', text[name]), value);
  }));
}

function showConditions(text) {
  const active = (state.conditions ?? []).filter((condition) => condition.state === 'active');
  byId('conditions-count').textContent = state.conditions === null ? '' : `(${number(active.length)})`;
  const items = active.map((condition) => {
    const type = condition.conditionId.split('/')[1];
    const name = `${text[type] ?? type} · ${nameOf(condition) ?? condition.conditionId.split('/').slice(2).join('/')}`;
    const value = condition.value === null ? '' : measured(condition.value, condition.unit, text);
    const limit = condition.limit === null ? '' : ` (${text.of} ${measured(condition.limit, condition.unit, text)})`;
    const facts = make('span', `${value}${limit} · ${text.since} ${timeOf(new Date(condition.observedAt))}`);
    facts.className = 'facts';
    return make('li', make('strong', name), facts);
  });
  if (items.length === 0 && state.conditions !== null) {
    const none = make('li', text.noConditions);
    none.className = 'none';
    items.push(none);
  }
  byId('conditions').replaceChildren(...items);
}

function showLatest(text) {
  byId('columns').replaceChildren(...columns.map((name) => {
    const head = make('th', text[name]);
    head.scope = 'col';
    if (name === 'motorcycle') head.className = name;
    return head;
  }));
  const readings = state.latest ?? [];
  byId('latest-count').textContent = state.latest === null ? '' : `(${number(readings.length)})`;
  const rows = readings.map((reading) => make('tr', ...columns.map((name) => cell(name, reading, text))));
  if (rows.length === 0 && state.latest !== null) {
    const none = make('td', text.noReadings);
    none.colSpan = columns.length;
    rows.push(make('tr', none));
  }
  byId('latest').replaceChildren(...rows);
}

function cell(name, reading, text) {
  switch (name) {
    case 'place': {
      const channel = reading.channel === '' ? '' : ` · ${reading.channel}`;
      return make('td', nameOf(reading) ?? reading.asset, make('small', `${reading.device}${channel}`));
    }
    case 'observedAt': return make('td', timeOf(new Date(reading.observedAt)));
    case 'periodS': return make('td', span(reading.periodS, text));
    case 'occupancy': return make('td', reading.occupancy === null ? '–' : number(reading.occupancy * 100, 1));
    case 'speedKmh': return make('td', reading.speedKmh === null ? '–' : number(reading.speedKmh, 1));
    case 'count': return make('td', number(reading.count));
    default: {
      const element = make('td', number(reading.byClass?.[name]));
      element.className = name;
      return element;
    }
  }
}

function nameOf({ nameVi, nameEn }) {
  return state.language === 'vi' ? (nameVi ?? nameEn) : (nameEn ?? nameVi);
}

function span(seconds, text) {
  if (seconds % 3600 === 0) return `${seconds / 3600} ${text.hours}`;
  return seconds % 60 === 0 ? `${seconds / 60} ${text.minutes}` : `${seconds} ${text.seconds}`;
}

function measured(value, unit, text) {
  return unit === 'share' ? `${number(value * 100)} % ${text.ofFreeFlow}` : `${number(value, 1)} ${unit}`;
}

function number(value, decimals = 0) {
  if (value === null || value === undefined) return '–';
  return new Intl.NumberFormat(state.language, { maximumFractionDigits: decimals }).format(value);
}

/** With its date, unless it is today in Hanoi. */
function timeOf(time) {
  const locale = state.language === 'vi' ? 'vi' : 'en-GB';
  const day = (of) => new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(of);
  const clock = new Intl.DateTimeFormat(locale, { timeZone: zone, hourCycle: 'h23', hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(time);
  if (day(time) === day(new Date())) return clock;
  return `${clock} ${new Intl.DateTimeFormat(locale, { timeZone: zone, day: '2-digit', month: '2-digit', year: 'numeric' }).format(time)}`;
}

function make(tag, ...children) {
  const element = document.createElement(tag);
  element.append(...children);
  return element;
}

function rememberedLanguage() {
  try {
    const remembered = localStorage.getItem('language');
    if (remembered === 'vi' || remembered === 'en') return remembered;
  } catch {
    // As above.
  }
  return navigator.language.startsWith('vi') ? 'vi' : 'en';
}
