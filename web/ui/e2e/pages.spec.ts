import { expect, test } from '@playwright/test';
import { firstDevice, firstRack, firstRoom, pointOf } from './facility';

test('a value changes by itself', async ({ page }) => {
  const device = await firstDevice(page, 'ups');
  await page.goto(`/devices/${device.id}`);
  await expect(page.getByRole('heading', { level: 1, name: device.name })).toBeVisible();
  const values = page.getByTestId('point-value');
  await expect(values.first()).toBeVisible();
  const before = await values.allInnerTexts();
  await expect(async () => {
    expect(await values.allInnerTexts()).not.toEqual(before);
  }).toPass({ timeout: 50_000 });
});

test('the language changes, decimals with it, and stays', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1, name: 'Overview' })).toBeVisible();
  const choose = async (name: string) => {
    await page.getByRole('button', { name: /^(User|Người dùng):/ }).click();
    await page.getByText(name, { exact: true }).click();
    await page.keyboard.press('Escape');
  };
  await choose('Tiếng Việt');
  await expect(page.getByRole('heading', { level: 1, name: 'Tổng quan' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('lang', 'vi');
  await expect(page.getByText(/\d,\d/).first()).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { level: 1, name: 'Tổng quan' })).toBeVisible();
  await choose('English');
  await expect(page.getByRole('heading', { level: 1, name: 'Overview' })).toBeVisible();
});

test('a device is found by the keyboard and opened', async ({ page }) => {
  const device = await firstDevice(page, 'ups');
  await page.goto('/about');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.keyboard.press('/');
  await page.getByRole('textbox', { name: 'Search' }).fill(device.name);
  await expect(page.getByRole('button', { name: new RegExp(device.name) }).first()).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`/devices/${device.id}`));
  await expect(page.getByRole('heading', { name: 'Polling health' })).toBeVisible();
});

test('the list of devices is searched, and the address says so', async ({ page }) => {
  const device = await firstDevice(page, 'ups');
  await page.goto('/devices');
  const table = page.getByRole('table', { name: 'List of devices' });
  await expect(table.getByRole('row').nth(1)).toBeVisible();
  await page.getByRole('searchbox', { name: 'Search' }).fill(device.name);
  await expect(page).toHaveURL(/q=/);
  await expect(table.getByRole('link', { name: device.name })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('searchbox', { name: 'Search' })).toHaveValue(device.name);
  await page.getByRole('searchbox', { name: 'Search' }).fill('no such thing anywhere');
  await expect(page.getByText('No device matches the filters')).toBeVisible();
});

test('a trend is zoomed by dragging, and the address keeps it', async ({ page }) => {
  const device = await firstDevice(page, 'ups');
  const point = await pointOf(page, device.id, '/load');
  await page.goto(`/trends?points=${point}&last=15m`);
  const plot = page.getByTestId('chart').locator('.u-over');
  await expect(plot).toBeVisible();
  const box = await plot.boundingBox();
  if (!box) throw new Error('the chart has no size');
  await page.mouse.move(box.x + box.width * 0.4, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.7, box.y + box.height / 2, { steps: 8 });
  await page.mouse.up();
  await expect(page).toHaveURL(/from=\d+&to=\d+|to=\d+.*from=\d+/);
  const url = new URL(page.url());
  const span = Number(url.searchParams.get('to')) - Number(url.searchParams.get('from'));
  expect(span).toBeGreaterThan(3 * 60_000);
  expect(span).toBeLessThan(6 * 60_000);
  await page.getByRole('button', { name: 'Back to the range before' }).click();
  await expect(page).toHaveURL(/last=15m/);
});

test('the room plan shows colours, and a rack leads to its elevation', async ({ page }) => {
  const room = await firstRoom(page);
  await page.goto(`/rooms/${room.id}`);
  const racks = page.locator('[data-rack]');
  await expect(racks.first()).toBeVisible();
  await expect(page.locator('[data-rack]:not([data-fill="none"])').first()).toBeVisible();
  await expect(page.getByText('ASHRAE recommended range')).toBeVisible();
  const rack = page.locator('[data-rack]:not([data-fill="none"])').first();
  await expect(rack).toHaveAttribute('aria-label', /\d\.\d.°C/);
  await rack.click();
  await expect(page).toHaveURL(/rack=\d+/);
  await page.getByRole('link', { name: 'Open rack' }).click();
  await expect(page.getByTestId('elevation-front')).toBeVisible();
  await expect(page.getByTestId('elevation-rear')).toBeVisible();
});

test('a rack is reached and opened by the keyboard alone', async ({ page }) => {
  const room = await firstRoom(page);
  await page.goto(`/rooms/${room.id}`);
  const rack = page.locator('[data-rack]').first();
  await rack.focus();
  await page.keyboard.press('Enter');
  await expect(rack).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/racks\/\d+/);
});

test('when the server is not heard the page says so and its values go stale', async ({ page, context }) => {
  const rack = await firstRack(page);
  await page.goto(`/racks/${rack.id}`);
  await expect(page.getByText('Rack elevation')).toBeVisible();
  await context.setOffline(true);
  await expect(page.getByText(/Connection lost since/)).toBeVisible({ timeout: 30_000 });
  await expect(page.locator('.value[data-quality="stale"]').first()).toBeVisible({ timeout: 45_000 });
  await context.setOffline(false);
  await expect(page.getByText(/Connection lost since/)).toBeHidden({ timeout: 30_000 });
  await expect(page.locator('.stat .value[data-quality="good"]').first()).toBeVisible();
});

test('nothing is loaded from outside', async ({ page, baseURL }) => {
  const foreign: string[] = [];
  page.on('request', (r) => {
    if (!r.url().startsWith(String(baseURL)) && !r.url().startsWith('data:') && !r.url().startsWith('blob:')) foreign.push(r.url());
  });
  const faults: string[] = [];
  page.on('console', (m) => m.type() === 'error' && faults.push(m.text()));
  for (const path of ['/', '/sites', '/devices', '/trends', '/collectors', '/admin', '/about']) {
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  }
  expect(foreign).toEqual([]);
  expect(faults).toEqual([]);
});

test('an injected fault is seen on the floor plan and on the page of the device', async ({ page }) => {
  test.setTimeout(120_000);
  const device = await firstDevice(page, 'cooling');
  await page.goto('/simulation');
  const choose = async (label: string, option: string) => {
    await page.getByRole('combobox', { name: label }).or(page.getByRole('textbox', { name: label })).first().click();
    await page.getByRole('option', { name: option, exact: true }).click();
  };
  await choose('Fault', 'Device silent');
  await page.getByRole('combobox', { name: 'Aimed at' }).or(page.getByRole('textbox', { name: 'Aimed at' })).first().fill(device.name);
  await page.getByRole('option', { name: device.name, exact: true }).click();
  await page.getByRole('button', { name: 'Inject fault' }).click();
  const row = page.getByRole('row', { name: new RegExp(device.name) });
  await expect(row).toBeVisible();
  try {
    await page.goto(`/devices/${device.id}`);
    await expect(page.getByText('Not answering').first()).toBeVisible({ timeout: 45_000 });
    await page.getByRole('navigation', { name: 'Location' }).getByRole('link').last().click();
    await expect(page.locator(`[data-device="${device.name}"]`)).toHaveAttribute('data-severity', 'critical', { timeout: 30_000 });
  } finally {
    await page.goto('/simulation');
    await row.getByRole('button', { name: 'Clear fault' }).click();
    await expect(row).toBeHidden();
  }
});
