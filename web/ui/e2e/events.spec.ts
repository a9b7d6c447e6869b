import { createSocket } from 'node:dgram';
import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';
import { firstDevice } from './facility';

// upsTrapOnBattery of SNMPv2c, community e2e-traps, 14 minutes left.
const onBattery =
  '306802010104096532652d7472617073a758020411cd3bd5020100020100304a300e06082b06010201010300430212673016060a2b06010603010104010006082b0601020121' +
  '0201300f060a2b06010201210102030002010e300f060a2b060102012101020200020105';

const api = async <T>(page: Page, method: string, path: string, data?: unknown): Promise<T> => {
  const response = await page.request.fetch(`/api/v1${path}`, { method, data, headers: { Authorization: `Bearer ${process.env.AISLE_E2E_TOKEN}`, Cookie: '' } });
  expect(response.ok(), `${method} ${path}: ${await response.text()}`).toBe(true);
  return (response.status() === 204 ? undefined : await response.json()) as T;
};

/** Sends a datagram from an address of this machine. */
async function send(hex: string, from: string): Promise<void> {
  const [host = '', port = ''] = (process.env.AISLE_TRAPS_LISTEN ?? '').split(':');
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => { socket.bind(0, from, resolve); });
  await new Promise<void>((resolve, reject) => { socket.send(Buffer.from(hex, 'hex'), Number(port), host, (e) => { if (e) reject(e); else resolve(); }); });
  socket.close();
}

test('a trap arrives in the browser while somebody looks', async ({ page }) => {
  const { sites } = await api<{ sites: { id: number }[] }>(page, 'GET', '/tree');
  const credential = await api<{ id: number }>(page, 'POST', '/credentials', { name: 'e2e traps', kind: 'snmp-community', community: 'e2e-traps' });
  const device = await api<{ id: number }>(page, 'POST', '/devices', {
    name: 'E2E trap sender', kind: 'ups', site: sites[0]?.id, status: 'active',
    enabled: true, protocol: 'snmp-v2c', address: '127.0.0.2:1', credential: credential.id,
  });
  try {
    await page.goto('/');
    await page.getByRole('link', { name: 'Events' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Events');
    const row = page.getByRole('row', { name: /E2E trap sender.*runs on battery/ });
    await expect(async () => {
      await send(onBattery, '127.0.0.2');
      await expect(row.first()).toBeVisible({ timeout: 2_000 });
    }).toPass();
    await expect(row.first()).toContainText('The load runs on battery, minutes left: 14');
    await expect(row.first()).toContainText('Critical');
    await row.first().getByRole('button', { name: /Details/ }).click();
    await expect(page.getByRole('table', { name: 'What came with it' })).toContainText('upsEstimatedMinutesRemaining');
    await expect(page.getByText('127.0.0.2', { exact: true })).toBeVisible();
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
    expect.soft(violations.map((v) => `${v.id}: ${v.nodes[0]?.html.slice(0, 200)}`)).toEqual([]);

    // The filters are in the address.
    await page.goto(`/events?device=${device.id}&severity=info`);
    await expect(page.getByText('No event fits the filters')).toBeVisible();
    await page.goto(`/events?device=${device.id}&kind=trap`);
    await expect(row.first()).toBeVisible();
    await page.getByRole('button', { name: 'Show events of all devices' }).click();
    await expect(page).not.toHaveURL(/device=/);
    await page.getByRole('searchbox', { name: 'Search' }).fill('no such words');
    await expect(page).toHaveURL(/q=no/);
    await expect(page.getByText('No event fits the filters')).toBeVisible();
    await page.getByRole('searchbox', { name: 'Search' }).fill('BATTERY sender');
    await expect(row.first()).toBeVisible();
    await page.reload();
    await expect(page.getByRole('searchbox', { name: 'Search' })).toHaveValue('BATTERY sender');
    await expect(row.first()).toBeVisible();
    await page.getByRole('button', { name: 'Clear filters' }).first().click();
    await expect(page.getByRole('searchbox', { name: 'Search' })).toHaveValue('');
    await page.getByRole('combobox', { name: 'Device' }).or(page.getByRole('textbox', { name: 'Device' })).first().fill('E2E trap');
    await page.getByRole('option', { name: 'E2E trap sender' }).click();
    await expect(page).toHaveURL(new RegExp(`device=${device.id}`));
    await expect(row.first()).toBeVisible();

    // The page of the device has its last events.
    await row.first().getByRole('link', { name: 'E2E trap sender' }).click();
    await expect(page.getByText('The load runs on battery, minutes left: 14').first()).toBeVisible();
    await page.getByRole('link', { name: 'All events' }).click();
    await expect(page).toHaveURL(new RegExp(`/events\\?device=${device.id}`));
  } finally {
    await api(page, 'DELETE', `/devices/${device.id}`);
    await api(page, 'DELETE', `/credentials/${credential.id}`);
  }
});

test('a device that falls silent is an event', async ({ page }) => {
  const device = await firstDevice(page, 'pdu');
  await page.goto(`/events?device=${device.id}&kind=contact`);
  const fault = await api<{ id: string }>(page, 'POST', '/simulation/faults', { kind: 'device-silent', target: device.name });
  try {
    await expect(page.getByRole('row', { name: /Not answering/ }).first()).toBeVisible({ timeout: 45_000 });
    // The search finds the words that are shown, in the language in which they are.
    const search = `/events?device=${device.id}&q=`;
    await page.goto(`${search}${encodeURIComponent('not answering')}`);
    await expect(page.getByRole('row', { name: /Not answering/ }).first()).toBeVisible();
    await expect(page.getByRole('row', { name: /Online/ })).toHaveCount(0);
    await page.evaluate(() => localStorage.setItem('aisle.language', 'vi'));
    await page.goto(`${search}${encodeURIComponent('Không phản hồi')}`);
    await expect(page.getByRole('row', { name: /Không phản hồi/ }).first()).toBeVisible();
    await page.goto(`${search}${encodeURIComponent('không kết nối lại')}`);
    await expect(page.getByText('Không có sự kiện nào khớp bộ lọc')).toBeVisible();
    await page.evaluate(() => localStorage.setItem('aisle.language', 'en'));
    await page.goto(`/events?device=${device.id}&kind=contact`);
  } finally {
    await api(page, 'DELETE', `/simulation/faults/${encodeURIComponent(fault.id)}`);
  }
  await expect(page.getByRole('row', { name: /Online/ }).first()).toBeVisible({ timeout: 45_000 });
});
