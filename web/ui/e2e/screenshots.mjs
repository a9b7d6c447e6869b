// Takes a picture of each page in each size, language and theme.
//   AISLE_E2E_URL=http://127.0.0.1:8080 AISLE_E2E_TOKEN=aisle_… node e2e/screenshots.mjs FOLDER [page…]
// Without a token it signs in with AISLE_E2E_LINK, which works once.
import { mkdir } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { chromium } from '@playwright/test';
import { args, executablePath } from './browser.mjs';

const [folder = 'screenshots', ...only] = process.argv.slice(2);
const base = process.env.AISLE_E2E_URL;
const token = process.env.AISLE_E2E_TOKEN;
const link = process.env.AISLE_E2E_LINK;
if (!base || (!token && !link)) throw new Error('AISLE_E2E_URL, and AISLE_E2E_TOKEN or AISLE_E2E_LINK, must be set');

const list = (name, otherwise) => (process.env[name] ? process.env[name].split(',') : otherwise);
const sizes = list('AISLE_SIZES', ['1440x900', '2560x1440', '390x844']);
const languages = list('AISLE_LANGUAGES', ['vi', 'en']);
const themes = list('AISLE_THEMES', ['dark', 'light']);

await mkdir(folder, { recursive: true });
const browser = await chromium.launch({ executablePath, args });
const headers = token ? { extraHTTPHeaders: { Authorization: `Bearer ${token}` } } : {};

let storageState;
if (!token) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(link);
  await page.waitForURL(`${base}/`);
  storageState = await context.storageState();
  await context.close();
}

async function get(context, path) {
  const response = await context.request.get(`${base}/api/v1${path}`);
  if (!response.ok()) throw new Error(`${path}: ${response.status()}`);
  return response.json();
}

const firstOf = (nodes, kind) => {
  for (const node of nodes) {
    const found = node.kind === kind && (kind !== 'room' || node.racks) ? node : firstOf(node.children, kind);
    if (found) return found;
  }
  return undefined;
};

/** Asks until something is there: it takes a facility a while to learn its devices. */
async function wait(what, ask) {
  for (const end = Date.now() + 120_000; Date.now() < end; await pause(500)) {
    const found = await ask();
    if (found) return found;
  }
  throw new Error(`${what} is not there after 2 min`);
}

/** The addresses of the pages, with things of the facility that is there. */
async function pages(context) {
  const { sites } = await get(context, '/tree');
  const room = firstOf(sites, 'room');
  const rack = firstOf([room], 'rack');
  const pdu = (await get(context, `/devices?kind=pdu&rack=${rack.id}&limit=1`)).items[0];
  const ups = (await get(context, '/devices?kind=ups&limit=1')).items[0];
  await wait('a point of the rack PDU', async () => (await get(context, `/devices/${pdu.id}/points`)).items.length > 0);
  const load = await wait('a point of the UPS', async () => {
    const { items } = await get(context, `/devices/${ups.id}/points`);
    return items.find((p) => p.point.class === 'load') ?? items[0];
  });
  const points = await wait('four temperatures', async () => {
    const { items } = await get(context, '/points?class=temperature&limit=500');
    return items.length >= 4 && items.slice(0, 4).map((p) => p.point.id).join(',');
  });
  return {
    overview: '/',
    sites: '/sites',
    site: `/sites/${sites[0].id}`,
    location: `/locations/${room.id}`,
    room: `/rooms/${room.id}`,
    'room-selected': `/rooms/${room.id}?rack=${rack.id}`,
    rack: `/racks/${rack.id}`,
    devices: '/devices',
    pdu: `/devices/${pdu.id}`,
    ups: `/devices/${ups.id}?point=${load.point.id}&last=15m`,
    discovery: '/discovery',
    profiles: '/profiles',
    profile: '/profiles/apc-rpdu2',
    look: `/devices/${ups.id}`,
    'profile-edit': '/profiles?origin=site',
    events: '/events',
    trends: `/trends?points=${points}&last=15m`,
    collectors: '/collectors',
    simulation: '/simulation',
    users: '/admin?section=users',
    credentials: '/admin?section=credentials',
    audit: '/admin?section=audit',
    account: '/admin?section=account',
    about: '/about',
  };
}

for (const size of sizes) {
  const [width, height] = size.split('x').map(Number);
  for (const theme of themes) {
    for (const language of languages) {
      const context = await browser.newContext({
        viewport: { width, height }, colorScheme: theme, locale: language === 'vi' ? 'vi-VN' : 'en-GB',
        timezoneId: 'Asia/Ho_Chi_Minh', storageState, ...headers,
      });
      await context.addInitScript(
        ([l, t]) => {
          localStorage.setItem('aisle.language', l);
          localStorage.setItem('mantine-color-scheme-value', t);
        },
        [language, theme],
      );
      const page = await context.newPage();
      page.on('console', (m) => m.type() === 'error' && console.error(`${page.url()}: ${m.text()}`));
      page.on('pageerror', (e) => console.error(`${page.url()}: ${e.message}`));
      for (const [name, path] of Object.entries(await pages(context))) {
        if (only.length > 0 && !only.includes(name)) continue;
        await page.goto(base + path);
        await page.getByRole('heading', { level: 1 }).first().waitFor();
        if (name === 'look') {
          await page.getByRole('button', { name: /^(Look at the device|Xem thử thiết bị)$/ }).click();
          await page.getByRole('region', { name: /^(Can it be true\?|Giá trị có hợp lý không\?)$/ }).waitFor();
        }
        if (name === 'profile-edit') await page.getByRole('button', { name: /^(Add profile|Thêm hồ sơ)$/ }).click();
        await page.waitForTimeout(1200);
        await page.screenshot({ path: `${folder}/${name}-${size}-${theme}-${language}.png` });
      }
      await context.close();
    }
  }
}
await browser.close();
