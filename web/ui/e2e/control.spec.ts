import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';
import { firstDevice } from './facility';

const password = 'correct horse battery';

const api = async (page: Page, path: string, method = 'GET', data?: unknown) => {
  const response = await page.request.fetch(`/api/v1${path}`, { method, data, headers: { Authorization: `Bearer ${process.env.AISLE_E2E_TOKEN}`, Cookie: '' } });
  return { ok: response.ok(), json: response.status() === 204 ? undefined : ((await response.json()) as unknown) };
};

async function accessible(page: Page) {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  expect.soft(violations.map((v) => `${v.id}: ${v.nodes[0]?.html.slice(0, 200)}`)).toEqual([]);
}

test('an outlet is switched off by two persons, and nothing is written before the second', async ({ page, browser, baseURL }) => {
  test.setTimeout(240_000);
  const pdu = await firstDevice(page, 'pdu');
  expect((await api(page, '/users', 'POST', { name: 'eva', role: 'engineer', password })).ok).toBe(true);

  // The administrator opens the device for control.
  await page.goto(`/devices/${pdu.id}`);
  await expect(page.getByText('This device is only read')).toBeVisible();
  await page.getByRole('button', { name: 'Allow control' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Allow control' }).click();
  // The panel says that it is still looking, and shows what it found by itself.
  await expect(page.getByRole('status').filter({ hasText: 'Looking at what can be written' })).toBeVisible();
  await expect(page.getByText('Nothing to write')).toHaveCount(0);
  const controls = page.getByRole('table', { name: 'Control' });
  const outlet = controls.getByRole('row').filter({ has: page.getByRole('cell', { name: 'Outlet 2', exact: true }) });
  await expect(outlet).toBeVisible({ timeout: 60_000 });
  await expect(outlet).toContainText('On');
  // What is so already is not offered.
  await expect(outlet.getByRole('button', { name: 'Outlet 2: Off and on again' })).toBeVisible();
  await expect(outlet.getByRole('button', { name: 'Outlet 2: Switch on' })).toHaveCount(0);

  // What would happen is told before anything is asked for.
  await outlet.getByRole('button', { name: 'Outlet 2: Switch off' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('note')).toContainText('goes dark');
  const present = dialog.getByRole('region', { name: 'Present values' });
  await expect(present).toContainText('On');
  const load = present.locator('dd').nth(1);
  await expect(load).toContainText('W');
  const dryRun = dialog.getByRole('region', { name: 'Dry run' });
  await expect(dryRun).toContainText('SET 1.3.6.1.4.1.318.1.1.26.9.2.4.1.5.2');
  await expect(dryRun).toContainText('(Switch on)');
  await expect(dialog.getByRole('button', { name: 'Ask for it' })).toBeDisabled();
  const seen = await present.locator('dt').allTextContents();
  await expect(dialog.getByText('at least 5 characters')).toBeVisible();
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('no');
  await expect(dialog.getByText('Characters still missing: 3')).toBeVisible();
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('server is being replaced');
  await accessible(page);
  await page.keyboard.press('Tab');
  await dialog.getByRole('button', { name: 'Ask for it' }).click();
  await expect(dialog).toBeHidden();
  await outlet.getByRole('link', { name: 'Waits for the second person' }).click();

  // The first person cannot confirm.
  const open = page.getByRole('table', { name: 'Open requests' });
  await expect(open.getByRole('row', { name: /Outlet 2: Switch off/ })).toContainText('Another person must confirm');
  await expect(open.getByRole('button', { name: /Decide/ })).toHaveCount(0);
  await accessible(page);

  // The second person signs in and confirms.
  const context = await browser.newContext({ baseURL, storageState: { cookies: [], origins: [{ origin: baseURL ?? '', localStorage: [{ name: 'aisle.language', value: 'en' }] }] } });
  const second = await context.newPage();
  await second.goto('/control');
  await second.getByLabel('User name').fill('eva');
  await second.getByRole('textbox', { name: 'Password' }).fill(password);
  await second.getByRole('button', { name: 'Sign in' }).click();
  await second.getByRole('button', { name: 'Decide: Outlet 2: Switch off' }).click();
  const decide = second.getByRole('dialog');
  await expect(decide).toContainText('server is being replaced');
  await expect(decide.getByRole('note')).toContainText('goes dark');
  // Both persons see the same.
  const presentToSecond = decide.getByRole('region', { name: 'Present values' });
  await expect(presentToSecond).toContainText('On');
  await expect(presentToSecond.locator('dt')).toHaveText(seen);
  await expect(presentToSecond.locator('dd').nth(1)).toContainText(/\d.*W/);
  await accessible(second);
  await decide.getByRole('button', { name: 'Confirm and write' }).click();
  await expect(decide).toBeHidden();
  const row = second.getByRole('table', { name: 'History' }).getByRole('row', { name: /Outlet 2: Switch off/ });
  await expect(row).toContainText('Done', { timeout: 60_000 });
  await expect(row).toContainText('decided by eva');
  // Everybody has an account page, which tells how long a new password must be.
  await second.getByRole('button', { name: 'User: eva' }).click();
  await expect(second.getByRole('dialog')).toContainText('eva');
  await accessible(second);
  await second.getByRole('link', { name: 'Own account' }).click();
  await expect(second.getByRole('dialog')).toHaveCount(0);
  await expect(second).toHaveURL(/\/account$/);
  await expect(second.getByText('At least 12 characters')).toBeVisible();
  await second.getByRole('textbox', { name: 'New password' }).fill('short');
  await expect(second.getByText('Characters still missing: 7')).toBeVisible();
  await accessible(second);
  // Who lost the session is told so.
  await context.clearCookies();
  await second.goto('/devices');
  await expect(second.getByText('The session has ended')).toBeVisible();
  await context.close();

  await page.goto(`/devices/${pdu.id}`);
  await expect(outlet.getByRole('cell').nth(1)).toContainText('Off');
  await expect(outlet.getByRole('button', { name: 'Outlet 2: Switch on' })).toBeVisible();
  await expect(outlet.getByRole('button', { name: 'Outlet 2: Switch off' })).toHaveCount(0);
  // Everybody who sees the device sees what was done to it.
  await expect(page.getByText('Outlet 2: Switch off. Done: The device took it, and its value shows it')).toBeVisible();
  await page.goto('/events?kind=control');
  await expect(page.getByText('Outlet 2: Switch off. Done: The device took it, and its value shows it')).toBeVisible();
  await accessible(page);
  await page.goto('/admin?section=audit');
  await expect(page.getByRole('cell', { name: 'confirm control', exact: true }).first()).toBeVisible();
  await expect(page.getByRole('cell', { name: 'control done', exact: true }).first()).toBeVisible();
});

test('while control is off nothing of it is shown but that it is off', async ({ page }) => {
  await page.route('**/api/v1/about', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...((await answer.json()) as object), control: false } });
  });
  const asked: string[] = [];
  page.on('request', (r) => asked.push(r.url()));
  const pdu = await firstDevice(page, 'pdu');
  await page.goto(`/devices/${pdu.id}`);
  await expect(page.getByRole('heading', { name: 'Polling' }).or(page.getByRole('heading', { level: 1 })).first()).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Control', exact: true })).toHaveCount(0);
  await expect(page.getByRole('link', { name: 'Control', exact: true })).toHaveCount(0);
  expect(asked.filter((url) => url.includes('control'))).toEqual([]);
  await page.goto('/about');
  await expect(page.getByText('Off: the plant is only read')).toBeVisible();
});
