import { expect, test, type Page } from '@playwright/test';
import { firstDevice, firstRack } from './facility';

async function save(page: Page) {
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
}

test('a device is edited, told what is wrong beside the field, and the change is undone', async ({ page }) => {
  const device = await firstDevice(page, 'meter');
  await page.goto(`/devices/${device.id}`);
  const title = page.getByRole('heading', { level: 1 });
  await expect(title).toHaveText(device.name);
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  const dialog = page.getByRole('dialog');
  const address = dialog.getByLabel('Address (host:port)');
  const good = await address.inputValue();
  await address.fill('no port');
  await save(page);
  await expect(dialog.getByText('Must be host:port')).toBeVisible();
  // What was typed is still there.
  await expect(address).toHaveValue('no port');
  await address.fill(good);
  await dialog.getByLabel('Name').fill(`${device.name} edited`);
  await dialog.getByLabel('Asset tag').fill('E2E-1');
  await save(page);
  await expect(dialog).toBeHidden();
  await expect(title).toHaveText(`${device.name} edited`);
  await expect(page.getByText('E2E-1')).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(title).toHaveText(device.name);
  await expect(page.getByText('E2E-1')).toBeHidden();
});

test('deleting a device asks, and says what is lost', async ({ page }) => {
  const device = await firstDevice(page, 'meter');
  await page.goto(`/devices/${device.id}`);
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText(new RegExp(`Delete ${device.name} from the model\\? Lost with it: its \\d+ points`))).toBeVisible();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(dialog).toBeHidden();
});

test('a rack is edited, and not deleted while devices are in it', async ({ page }) => {
  const rack = await firstRack(page);
  await page.goto(`/racks/${rack.id}`);
  const title = page.getByRole('heading', { level: 1 });
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill(`${rack.name}-x`);
  await dialog.getByLabel('Height (U)').fill('3');
  await save(page);
  await expect(dialog.getByRole('alert')).toBeVisible();
  await dialog.getByLabel('Height (U)').fill('52');
  await save(page);
  await expect(title).toHaveText(`${rack.name}-x`);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(title).toHaveText(rack.name);

  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(dialog.getByRole('alert')).toContainText(/Devices: \d+ \(/);
});

test('a location and a row are added, reached through the tree, and deleted', async ({ page }) => {
  await page.goto('/sites');
  await page.getByRole('navigation', { name: 'Sites, rooms and racks' }).getByRole('link').first().click();
  await expect(page).toHaveURL(/\/sites\/\d+/);
  await page.getByRole('button', { name: 'Add location' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('E2E hall');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(dialog).toBeHidden();
  await page.getByRole('link', { name: 'E2E hall' }).click();
  await page.getByRole('link', { name: 'What is in it' }).click();
  await page.getByRole('button', { name: 'Add row' }).click();
  await dialog.getByLabel('Name').fill('E2E row');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(dialog).toBeHidden();
  // The row is in the way of its room.
  const remove = async () => {
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  };
  await remove();
  await expect(dialog.getByRole('alert')).toContainText('Rows: 1 (E2E row)');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('link', { name: 'E2E row' }).click();
  await expect(page).toHaveURL(/\/rows\/\d+/);
  await remove();
  await expect(page.getByRole('heading', { level: 1, name: 'Sites' })).toBeVisible();
  await page.getByRole('link', { name: 'E2E hall' }).click();
  await remove();
  await expect(page.getByRole('link', { name: 'E2E hall' })).toBeHidden();
});

test('a credential is edited without its secrets, and kept while in use', async ({ page }) => {
  await page.goto('/admin?section=credentials');
  const row = page.getByRole('row', { name: /SNMPv3 user/ }).first();
  await expect(row).toContainText(/SHA/);
  await row.getByRole('button', { name: /^Edit/ }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('Empty keeps the present one').first()).toBeVisible();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toBeHidden();
  await row.getByRole('button', { name: 'Delete' }).click();
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(dialog.getByRole('alert')).toContainText(/Devices: \d+/);
});
