import { expect, test, type Page } from '@playwright/test';

/** The form for a device, with something typed in it. */
async function typedDevice(page: Page) {
  await page.goto('/devices');
  await page.getByRole('button', { name: 'Add device' }).click();
  const form = page.getByRole('dialog', { name: 'Add device' });
  await form.getByRole('textbox', { name: 'Name', exact: true }).click();
  await form.getByRole('textbox', { name: 'Name', exact: true }).fill('E2E kept');
  return form;
}

test('Escape closes the upper of two dialogs only', async ({ page }) => {
  const form = await typedDevice(page);
  await form.getByRole('textbox', { name: 'Address (host:port)' }).fill('127.0.0.1:9');
  await form.getByRole('combobox', { name: 'Credential' }).click();
  await page.getByRole('option', { name: 'simulation', exact: true }).click();
  await form.getByRole('button', { name: 'Look at the device' }).click();
  const look = page.getByRole('dialog', { name: /127\.0\.0\.1:9/ });
  await expect(look).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(look).toBeHidden();
  await expect(form.getByRole('textbox', { name: 'Name', exact: true })).toHaveValue('E2E kept');
});

test('a form asks before what was typed is lost', async ({ page }) => {
  const form = await typedDevice(page);
  const question = page.getByRole('dialog', { name: 'Unsaved changes' });
  // An open list takes the key for itself.
  await form.getByRole('combobox', { name: 'Protocol' }).click();
  await page.keyboard.press('Escape');
  await expect(question).toBeHidden();
  await page.keyboard.press('Escape');
  await expect(question).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(question).toBeHidden();
  await expect(form).toBeVisible();
  // A click outside asks as well.
  await page.mouse.click(5, 5);
  await question.getByRole('button', { name: 'Keep editing' }).click();
  await expect(form.getByRole('textbox', { name: 'Name', exact: true })).toHaveValue('E2E kept');
  await page.keyboard.press('Escape');
  await question.getByRole('button', { name: 'Discard' }).click();
  await expect(form).toBeHidden();
  // Nothing is asked where nothing was typed.
  await page.getByRole('button', { name: 'Add device' }).click();
  await expect(form).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(form).toBeHidden();
});

test('a number out of its bounds stays, is told its bounds, and is not sent', async ({ page }) => {
  const form = await typedDevice(page);
  const interval = form.getByRole('textbox', { name: /^Interval/ });
  await interval.fill('99999999999');
  await interval.blur();
  await expect(interval).toHaveValue('99999999999');
  await expect(form.getByText('must be from 0 to 86,400')).toBeVisible();
  let sent = false;
  page.on('request', (r) => (sent ||= r.method() === 'POST' && r.url().endsWith('/devices')));
  await form.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(form).toBeVisible();
  expect(sent).toBe(false);
});

test('the button that shows a password is named in both languages', async ({ browser, baseURL }) => {
  for (const [locale, name] of [['vi-VN', 'Hiện hoặc ẩn'], ['en-GB', 'Show or hide']] as const) {
    const context = await browser.newContext({ locale, baseURL, storageState: { cookies: [], origins: [] } });
    const page = await context.newPage();
    await page.goto('/login');
    // It is left out of the order of keys, and hidden from the tree of roles with it.
    await expect(page.locator(`button[aria-label="${name}"]`)).toHaveCount(1);
    await context.close();
  }
});
