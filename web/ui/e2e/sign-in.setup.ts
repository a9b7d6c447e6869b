import { expect, test } from '@playwright/test';

const link = process.env.AISLE_E2E_LINK;
if (!link) throw new Error('AISLE_E2E_LINK must be the sign-in link that the demo printed');

test('a stranger is asked to sign in, and wrong passwords are refused', async ({ page }) => {
  await page.goto('/devices');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  // Who was never signed in is not told that a session has ended.
  await expect(page.getByText('Sign in to see the facility')).toBeVisible();
  await page.getByLabel('User name').fill('nobody');
  await page.getByRole('textbox', { name: 'Password' }).fill('wrong password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toContainText('wrong');
});

test('the link signs in once', async ({ page, context }) => {
  await page.goto(link);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.getByRole('navigation').first()).toBeVisible();
  await expect(page).toHaveURL(/\/$/);
  expect(page.url()).not.toContain('#');
  // The tests read English; the browser remembers it as the user would.
  await page.evaluate(() => localStorage.setItem('aisle.language', 'en'));
  await context.storageState({ path: 'test-results/.session.json' });

  const second = await (await context.browser())?.newContext();
  const again = await second?.newPage();
  await again?.goto(link);
  if (again) await expect(again.getByRole('alert')).toBeVisible();
  await second?.close();
});
