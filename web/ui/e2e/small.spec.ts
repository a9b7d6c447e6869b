import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';
import { firstDevice, firstRack, firstRoom, pointOf } from './facility';

/** What is wider than its place, and therefore cut off or moved out of sight. */
const cutOff = (page: Page) =>
  page.evaluate(() => {
    const found = document.documentElement.scrollWidth > window.innerWidth ? [`page ${document.documentElement.scrollWidth} px`] : [];
    // What scrolls sideways within the page hides a part of itself just the same; a text of code may.
    for (const e of document.querySelectorAll('main *')) {
      if (/auto|scroll/.test(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth + 1 && !e.closest('pre, textarea')) found.push(`${e.className}: ${e.textContent?.slice(0, 60)}`);
    }
    for (const table of document.querySelectorAll('.dtable')) {
      for (const e of [table, ...table.querySelectorAll('[role=cell]')]) {
        if (e.scrollWidth > e.clientWidth + 1) found.push(`${table.getAttribute('aria-label')}: ${e.textContent?.slice(0, 60)}`);
      }
    }
    return found;
  });

const widths = [390, 768, 1440];

test('no table is cut off, however narrow the page', async ({ page }) => {
  test.slow();
  const pdu = await firstDevice(page, 'pdu');
  const [room, rack, load] = [await firstRoom(page), await firstRack(page), await pointOf(page, pdu.id, '/power')];
  const paths = [
    '/', '/sites', '/devices', '/control', '/events', '/discovery', '/profiles', '/profiles/apc-rpdu2', '/collectors', '/simulation', '/about', `/trends?points=${load}`,
    ...['account', 'users', 'tokens', 'credentials', 'audit'].map((tab) => `/admin?section=${tab}`), `/rooms/${room.id}`, `/racks/${rack.id}`, `/devices/${pdu.id}`,
  ];
  for (const width of widths) {
    await page.setViewportSize({ width, height: 844 });
    for (const path of paths) {
      await page.goto(path);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await expect(page.locator('[aria-busy]')).toHaveCount(0);
      expect.soft(await cutOff(page), `${path} at ${width}`).toEqual([]);
    }
    await page.getByRole('button', { name: 'Look at the device' }).click();
    await expect(page.getByRole('dialog').locator('[data-point]').first()).toBeVisible();
    expect.soft(await cutOff(page), `look at ${width}`).toEqual([]);
  }
});

test('cards tell what their values are, and what is below the points can be reached', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const pdu = await firstDevice(page, 'pdu');
  await page.goto('/devices?kind=pdu');
  await page.getByRole('row', { name: new RegExp(pdu.name) }).getByRole('link').click();
  await page.getByRole('link', { name: 'Last events' }).click();
  await expect(page.getByRole('heading', { name: 'Last events' })).toBeInViewport();
  await page.goto('/profiles');
  const card = page.getByRole('table', { name: 'Profiles in use' }).getByRole('row').nth(1);
  const label = await card.getByRole('cell').nth(3).evaluate((e) => getComputedStyle(e, '::before').content);
  expect(label).toBe('"Protocol"');
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  expect.soft(violations.map((v) => `${v.id}: ${v.nodes[0]?.html.slice(0, 200)}`)).toEqual([]);
});

test('of two thousand points those in sight are drawn, and each can be found', async ({ page }) => {
  const pdu = await firstDevice(page, 'pdu');
  type Item = { point: { id: number; key: string; component: string }; current: { point: number } };
  await page.route(`**/api/v1/devices/${pdu.id}/points`, async (route) => {
    const response = await route.fetch();
    const json = (await response.json()) as { items: Item[] };
    const [first] = json.items;
    if (!first) throw new Error('the device has no points');
    const more = Array.from({ length: 2000 }, (_, i): Item => {
      const component = `outlet/${1000 + Math.floor(i / 4)}`;
      return { point: { ...first.point, id: 1e7 + i, key: `${component}/power-${i % 4}`, component }, current: { ...first.current, point: 1e7 + i } };
    });
    await route.fulfill({ response, json: { ...json, items: [...json.items, ...more] } });
  });
  await page.goto(`/devices/${pdu.id}`);
  await expect(page.getByTestId('point-value').first()).toBeVisible();
  expect(await page.getByTestId('point-value').count()).toBeLessThan(400);
  const last = page.locator('[data-point="outlet/1499/power-3"]');
  await expect(last).toHaveCount(0);
  await page.keyboard.press('End');
  await page.getByRole('textbox', { name: 'Filter points' }).fill('outlet 1499');
  await expect(last).toBeVisible();
  await expect(page.getByTestId('point-value')).toHaveCount(4);
});

test('the profiles are as many as the program lists', async ({ page }) => {
  await page.goto('/profiles');
  const { items } = (await (await page.request.get('/api/v1/profiles')).json()) as { items: { abstract: boolean }[] };
  const devices = items.filter((p) => !p.abstract).length;
  await expect(page.getByRole('heading', { name: new RegExp(`^Profiles in use ${devices} `) })).toBeVisible();
  await page.getByRole('checkbox', { name: `Also bases and trap definitions (${items.length - devices})` }).check();
  await expect(page).toHaveURL(/bases=true/);
  await expect(page.getByRole('heading', { name: new RegExp(`^Profiles in use ${devices} · bases and trap definitions: ${items.length - devices} `) })).toBeVisible();
});

test('a profile is found by a model of its family, its kind in either language, and its sysObjectID', async ({ page }) => {
  await page.goto('/profiles');
  const found = page.locator('[data-profile]');
  const search = page.getByRole('textbox', { name: 'Name, model, kind, sysObjectID, source' });
  await search.fill('ap8886');
  await expect(found).toHaveCount(1);
  await expect(found).toHaveAttribute('data-profile', 'apc-rpdu2');
  await search.fill('bộ lưu điện socomec');
  await expect(found.first()).toContainText('UPS');
  await search.fill('.1.3.6.1.4.1.318.1.3.4.6');
  await expect(page.locator('[data-profile="apc-rpdu2"]')).toBeVisible();
  await expect(found.filter({ hasText: 'Raritan' })).toHaveCount(0);
});

test('the readings of a profile are told in words, in both languages', async ({ page }) => {
  const reading = page.locator('[data-point="inlet/1/apparent-power"]');
  await page.goto('/profiles/apc-rpdu2');
  await expect(reading).toContainText('Inlet 1: Apparent power');
  await expect(reading).toContainText('Apparent power (VA)');
  await page.addInitScript(() => localStorage.setItem('aisle.language', 'vi'));
  await page.reload();
  await expect(reading).toContainText('Công suất biểu kiến (VA)');
  await expect(reading).toContainText('Nhóm thu thập: nhanh');
  await expect(reading.getByTitle('apparent_power')).toBeVisible();
});

test('what stands above cards to choose all of them says so', async ({ page }) => {
  await page.route('**/api/v1/discovery/findings?*', (route) => route.fulfill({ json: {
    total: 1, counts: { new: 1, changed: 0, gone: 0, known: 0, adopted: 0, ignored: 0 },
    items: [{ id: 1, range: 1, range_name: 'Hall', state: 'new', address: '192.0.2.7:161', protocol: 'snmp-v2c', confidence: 'none', why: [], others: [], changes: [], first_seen: '2026-01-01T00:00:00Z', last_seen: '2026-01-01T00:00:00Z' }],
  } }));
  await page.route('**/api/v1/discovery/ranges', (route) => route.fulfill({ json: { items: [
    { id: 1, input: { name: 'Hall', site: 1, ranges: ['192.0.2.0/24'] }, site_name: 'Site', credential_names: [], counts: { new: 1, changed: 0, gone: 0, known: 0, adopted: 0, ignored: 0 } },
  ] } }));
  await page.goto('/discovery');
  const all = page.getByRole('table', { name: 'Findings' }).getByText('Select all', { exact: true });
  await expect(page.getByRole('checkbox', { name: 'Select all' })).toBeVisible();
  await expect(all).toBeHidden();
  await page.setViewportSize({ width: 390, height: 844 });
  await expect(all).toBeVisible();
  await all.click();
  await expect(page.getByRole('checkbox', { name: 'Select 192.0.2.7:161' })).toBeChecked();
});
