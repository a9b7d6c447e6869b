import { readFile } from 'node:fs/promises';
import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';

interface Device {
  id: number;
  name: string;
  address: string;
  profile: string;
  protocol: string;
}

const api = (page: Page, path: string, method = 'GET') =>
  page.request.fetch(`/api/v1${path}`, { method, headers: { Authorization: `Bearer ${process.env.AISLE_E2E_TOKEN}`, Cookie: '' } });

const wcag = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

async function accessible(page: Page) {
  const { violations } = await new AxeBuilder({ page }).withTags(wcag).analyze();
  expect.soft(violations.map((v) => `${v.id}: ${v.nodes[0]?.html.slice(0, 200)}`)).toEqual([]);
}

/** A device of the kind that answers. */
async function answering(page: Page, kind: string, protocol: RegExp): Promise<Device> {
  let found: Device | undefined;
  await expect
    .poll(async () => {
      const { items } = (await (await api(page, `/devices?kind=${kind}&state=ok&sort=name&limit=20`)).json()) as { items: Device[] };
      found = items.find((d) => protocol.test(d.protocol));
      return found !== undefined;
    })
    .toBe(true);
  if (!found) throw new Error(`no ${kind} answers`);
  return found;
}

test('a device is looked at from its page and before it is added', async ({ page }) => {
  const pdu = await answering(page, 'pdu', /^snmp-v2c$/);
  await page.goto(`/devices/${pdu.id}`);
  await page.getByRole('button', { name: 'Look at the device' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('region', { name: 'Can it be true?' })).toContainText('Nothing doubtful was found.');
  const row = dialog.locator('[data-point="inlet/1/power"]');
  await expect(row).toContainText('1.3.6.1.4.1.');
  await expect(row).toContainText('Good');
  await expect(row.getByRole('cell').nth(2)).toHaveText(/^"?\d+"?$/);
  await expect(dialog.getByText(pdu.profile).first()).toBeVisible();
  await accessible(page);
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();

  // From the dialog that adds a device, the input stays and the profile is taken over.
  await page.goto('/devices');
  await page.getByRole('button', { name: 'Add device' }).click();
  await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('E2E look');
  await expect(dialog.getByRole('button', { name: 'Look at the device' })).toBeDisabled();
  await dialog.getByRole('textbox', { name: 'Address (host:port)' }).fill(pdu.address);
  await dialog.getByRole('combobox', { name: 'Credential' }).click();
  await page.getByRole('option', { name: 'simulation', exact: true }).click();
  await dialog.getByRole('button', { name: 'Look at the device' }).click();
  const look = page.getByRole('dialog', { name: /^Look at / });
  await look.getByRole('button', { name: `Use profile ${pdu.profile}` }).click();
  await expect(look).toBeHidden();
  await expect(dialog.getByRole('textbox', { name: 'Device profile' })).toHaveValue(pdu.profile);
  await expect(dialog.getByRole('textbox', { name: 'Name', exact: true })).toHaveValue('E2E look');

  // Nothing answers: the look says so, and what can be done.
  await dialog.getByRole('combobox', { name: 'Protocol' }).click();
  await page.getByRole('option', { name: 'modbus-tcp', exact: true }).click();
  await dialog.getByRole('textbox', { name: 'Device profile' }).fill('');
  await dialog.getByRole('textbox', { name: 'Address (host:port)' }).fill('127.0.0.1:9');
  await dialog.getByRole('button', { name: 'Look at the device' }).click();
  await expect(look.getByRole('alert')).toContainText('Nothing listens at this address');
  await look.getByRole('button', { name: 'Close', exact: true }).last().click();
  // What the configuration does not allow is not asked.
  await dialog.getByRole('textbox', { name: 'Address (host:port)' }).fill('169.254.169.254:502');
  await dialog.getByRole('button', { name: 'Look at the device' }).click();
  await expect(look.getByRole('alert')).toContainText('does not allow this address');
});

test('a site profile with a wrong scale is put into use, seen as doubtful, and removed', async ({ page }) => {
  test.slow(); // two changes of profiles, each followed by a poll
  const ups = await answering(page, 'ups', /^snmp/);
  const file = await (await api(page, `/profiles/${ups.profile}/file`)).text();
  const wrong = file.replace(/(key: output\/frequency[\s\S]*?scale: )0\.1/, '$11');
  expect(wrong).not.toBe(file);

  await page.goto('/');
  await page.getByRole('link', { name: 'Profiles' }).click();
  await page.getByRole('textbox', { name: 'Name, model, kind, sysObjectID, source' }).fill(ups.profile);
  await page.locator(`[data-profile="${ups.profile}"]`).getByRole('link').click();
  await expect(page).toHaveURL(new RegExp(`/profiles/${ups.profile}`));
  await expect(page.locator('[data-profile]')).toHaveCount(0); // the list is gone
  await expect(page.getByText('Built in', { exact: true })).toBeVisible();
  await expect(page.getByText(/on \d+ devices? here/).first()).toBeVisible();
  await accessible(page);

  await page.getByRole('button', { name: 'Replace' }).click();
  const dialog = page.getByRole('dialog');
  const text = dialog.getByRole('textbox', { name: 'Profile (YAML)' });
  await expect(text).toHaveValue(file);
  await text.fill(wrong.replace('class: frequency', 'class: frequence'));
  await dialog.getByRole('button', { name: 'Put into use' }).click();
  await expect(dialog).toContainText('Nothing was changed.');
  await expect(dialog).toContainText('The value frequence is not an allowed one');
  await dialog.getByRole('button', { name: new RegExp(`${ups.profile}.yaml, line \\d+`) }).first().click();
  await expect(text).toBeFocused();
  await accessible(page);
  await text.fill(wrong);
  await dialog.getByRole('button', { name: 'Check' }).click();
  await expect(dialog).toContainText('No fault was found.');
  await dialog.getByRole('button', { name: 'Put into use' }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByText('Of this site, replaces a built-in one').first()).toBeVisible();

  // The device is read by it at once, without a new start; the look tells the doubt and marks the point.
  await page.goto(`/devices/${ups.id}`);
  await page.getByRole('button', { name: 'Look at the device' }).click();
  const verdicts = dialog.getByRole('region', { name: 'Can it be true?' });
  await expect(verdicts).toContainText('mains has 45 to 65 Hz');
  await expect(verdicts).toContainText('multiplied by 0.1');
  await expect(dialog.locator('[data-point="output/frequency"]')).toHaveAttribute('data-doubtful', 'true');
  await verdicts.getByRole('button').filter({ hasText: 'Output: Frequency' }).click();
  await expect(dialog.locator('[data-point]')).toHaveCount(1);
  await page.keyboard.press('Escape');
  await expect.poll(async () => {
    const { items } = (await (await api(page, `/devices/${ups.id}/points`)).json()) as { items: { point: { key: string }; current: { value: number | null } }[] };
    return items.find((p) => p.point.key === 'output/frequency')?.current.value ?? 0;
  }, { timeout: 20_000 }).toBeGreaterThan(400);

  // Removed, the built-in one is back.
  await page.goto(`/profiles/${ups.profile}`);
  await page.getByRole('button', { name: 'Remove' }).click();
  await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(page.getByText('Built in', { exact: true })).toBeVisible();
  await expect.poll(async () => {
    const { items } = (await (await api(page, `/devices/${ups.id}/points`)).json()) as { items: { point: { key: string }; current: { value: number | null } }[] };
    return items.find((p) => p.point.key === 'output/frequency')?.current.value ?? 1000;
  }, { timeout: 20_000 }).toBeLessThan(70);
});

test('a device is recorded, and the recording is tested', async ({ page }) => {
  const pdu = await answering(page, 'pdu', /^snmp-v2c$/);
  await page.goto(`/devices/${pdu.id}`);
  await page.getByRole('button', { name: 'Record', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Further texts to take out' }).fill('Hall');
  await dialog.getByRole('button', { name: 'Record', exact: true }).click();
  const download = page.waitForEvent('download');
  await dialog.getByRole('link', { name: 'Download' }).click();
  const saved = await download;
  expect(saved.suggestedFilename()).toBe(`${pdu.profile}.snmprec`);
  const path = await saved.path();
  expect(await readFile(path, 'utf8')).toContain('1.3.6.1.2.1.1.2.0|6|');
  await page.keyboard.press('Escape');

  await page.goto('/profiles');
  await page.getByRole('button', { name: 'Test a recording' }).click();
  await dialog.locator('input[type=file]').setInputFiles({ name: saved.suggestedFilename(), mimeType: 'text/plain', buffer: await readFile(path) });
  await dialog.getByRole('button', { name: 'Test', exact: true }).click();
  await expect(dialog.locator('[data-point="inlet/1/power"]')).toBeVisible();
  await page.keyboard.press('Escape');

  // A draft of a table of registers goes on in the editor.
  await page.getByRole('button', { name: 'Draft a profile' }).click();
  await dialog.getByRole('textbox', { name: 'Name of the profile' }).fill('e2e-meter');
  await dialog.locator('input[type=file]').first().setInputFiles({ name: 'm.csv', mimeType: 'text/csv', buffer: Buffer.from('address,name,type,unit,scale\n0,Voltage L1,u16,V,0.1\n') });
  await dialog.getByRole('button', { name: 'Make draft' }).click();
  await expect(dialog.getByRole('textbox', { name: 'Profile (YAML)' })).toHaveValue(/profile: e2e-meter/);
  await dialog.getByRole('button', { name: 'Check' }).click();
  await expect(dialog).toContainText('No fault was found.');
  // Another one of that name takes its place only after it was seen what is lost.
  const put = dialog.getByRole('button', { name: 'Put into use' });
  try {
    await put.click();
    await expect(page).toHaveURL(/\/profiles\/e2e-meter/);
    const text = await (await api(page, '/profiles/e2e-meter/file')).text();
    await page.goto('/profiles');
    await page.getByRole('button', { name: 'Add profile' }).click();
    await dialog.getByRole('textbox', { name: 'Profile (YAML)' }).fill(text.replace('0.1', '0.01'));
    await put.click();
    await expect(dialog.getByRole('alert')).toContainText('A profile e2e-meter is in use already. Nothing was changed.');
    await expect(dialog.locator('figure').first()).toContainText('scale: 0.1');
    await expect(dialog.locator('figure').last()).toContainText('scale: 0.01');
    await accessible(page);
    expect(await (await api(page, '/profiles/e2e-meter/file')).text()).toBe(text);
    await dialog.getByRole('button', { name: 'Replace e2e-meter' }).click();
    await expect(page).toHaveURL(/\/profiles\/e2e-meter/);
    expect(await (await api(page, '/profiles/e2e-meter/file')).text()).toContain('scale: 0.01');
  } finally {
    await api(page, '/profiles/e2e-meter', 'DELETE');
  }
});

for (const [language, title, remedy] of [
  ['en', 'Line 2 of the recording cannot be read', 'Correct or remove the line at fault'], ['vi', 'Không đọc được dòng 2 của bản ghi mẫu', 'Hãy sửa hoặc xóa dòng sai'],
] as const) {
  test(`a bad recording is refused with its line and a remedy (${language})`, async ({ page }) => {
    await page.addInitScript((l) => localStorage.setItem('aisle.language', l), language);
    await page.goto('/profiles');
    await page.getByRole('button', { name: language === 'en' ? 'Test a recording' : 'Thử bản ghi mẫu' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.locator('input[type=file]').setInputFiles({ name: 'bad.snmprec', mimeType: 'text/plain', buffer: Buffer.from('1.3.6.1.2.1.1.1.0|4|meter\n1.3.6.1.2.1.1.3.0|67|soon\n') });
    await dialog.getByRole('button', { name: language === 'en' ? 'Test' : 'Thử', exact: true }).click();
    const alert = dialog.getByRole('alert');
    await expect(alert).toContainText(title);
    await expect(alert).toContainText(remedy);
    await expect(alert).toContainText('"soon" is not an unsigned number');
    await accessible(page);
  });
}
