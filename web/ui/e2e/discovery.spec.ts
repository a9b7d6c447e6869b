import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';

interface Device {
  id: number;
  name: string;
  kind: string;
  address: string;
}

const api = (page: Page, path: string, method = 'GET') =>
  page.request.fetch(`/api/v1${path}`, { method, headers: { Authorization: `Bearer ${process.env.AISLE_E2E_TOKEN}`, Cookie: '' } });

/** The last rack PDU of the facility that is read by SNMP v2c. */
async function lastPDU(page: Page): Promise<Device> {
  let found: (Device & { protocol: string }) | undefined;
  await expect
    .poll(async () => {
      const { items } = (await (await api(page, '/devices?kind=pdu&state=ok&sort=-name&limit=20')).json()) as { items: (Device & { protocol: string })[] };
      found = items.find((d) => d.protocol === 'snmp-v2c');
      return found !== undefined;
    })
    .toBe(true);
  if (!found) throw new Error('no PDU answers');
  return found;
}

test('a device that is not in the model is discovered, adopted and known from then on', async ({ page }) => {
  const device = await lastPDU(page);
  const [host, port] = device.address.split(':');
  expect((await api(page, `/devices/${device.id}`, 'DELETE')).ok()).toBe(true);

  await page.goto('/');
  await page.getByRole('link', { name: 'Discovery' }).click();
  await expect(page.getByText('No address range yet')).toBeVisible();
  await page.getByRole('button', { name: 'Add range' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('E2E range');
  await dialog.getByRole('textbox', { name: 'Addresses', exact: true }).fill('not an address');
  await dialog.getByRole('combobox', { name: 'SNMP credentials' }).click();
  // The options are told outside of the dialog.
  await page.getByRole('option', { name: 'simulation-v3' }).click();
  await page.getByRole('option', { name: 'simulation', exact: true }).click();
  await dialog.getByLabel('SNMP port').fill(port ?? '');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(dialog.getByText(/is not like 10\.0\.0\.0\/24/)).toBeVisible();
  await dialog.getByRole('textbox', { name: 'Addresses', exact: true }).fill(host ?? '');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(dialog).toBeHidden();

  const range = page.getByRole('row', { name: /E2E range/ });
  await expect(range).toContainText('simulation-v3 → simulation');
  await range.getByRole('button', { name: 'Scan now: E2E range' }).click();
  await expect(range).toContainText('answered: 1 · new: 1');

  const row = page.getByRole('table', { name: 'Findings' }).getByRole('row', { name: new RegExp(device.address) });
  await expect(row).toContainText('New');
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  expect.soft(violations.map((v) => `${v.id}: ${v.nodes[0]?.html.slice(0, 200)}`)).toEqual([]);
  await row.getByRole('button', { name: device.address }).click();
  await expect(dialog.getByText(/^simulation(-v3)?$/)).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();

  // A name that is taken is told, and the finding can be adopted by another.
  const adopt = page.getByRole('button', { name: /^Adopt \(/ });
  await expect(adopt).toBeDisabled();
  await row.getByRole('checkbox').check();
  await adopt.click();
  const { items } = (await (await api(page, '/devices?kind=pdu&limit=1')).json()) as { items: Device[] };
  await dialog.getByLabel('Names').fill(items[0]?.name ?? '');
  await dialog.getByRole('button', { name: 'Adopt', exact: true }).click();
  await expect(dialog.getByRole('alert')).toContainText('The name or tag is used already.');
  await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
  await adopt.click();
  await dialog.getByLabel('Names').fill('E2E-{kind}-{n}');
  await expect(dialog.getByText('E2E-pdu-1')).toBeVisible();
  await dialog.getByRole('button', { name: 'Adopt', exact: true }).click();
  await dialog.getByRole('link', { name: 'E2E-pdu-1' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('E2E-pdu-1');
  await expect(page.getByText('Online').first()).toBeVisible();

  // The next scan finds nothing new; the range goes, the device stays.
  await page.goto('/discovery');
  await expect(row).toContainText('Adopted');
  await range.getByRole('button', { name: 'Scan now: E2E range' }).click();
  await expect(range).toContainText('nothing differs from before');
  await range.getByRole('button', { name: 'Delete' }).click();
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByText('No address range yet')).toBeVisible();
  await page.goto('/devices?q=E2E-pdu');
  await expect(page.getByRole('link', { name: 'E2E-pdu-1' })).toBeVisible();
});
