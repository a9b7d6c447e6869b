import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { firstDevice, firstRack, firstRoom } from './facility';

for (const theme of ['dark', 'light'] as const) {
  test(`the pages are accessible in the ${theme} theme`, async ({ page }) => {
    test.setTimeout(180_000);
    await page.addInitScript((t) => localStorage.setItem('mantine-color-scheme-value', t), theme);
    const room = await firstRoom(page);
    const rack = await firstRack(page);
    const device = await firstDevice(page, 'ups');
    const paths = ['/', '/sites', `/rooms/${room.id}?rack=${rack.id}`, `/racks/${rack.id}`, '/devices', `/devices/${device.id}`, '/discovery', '/trends', '/collectors', '/simulation', '/admin', '/admin?section=credentials', '/about'];
    for (const path of paths) {
      await page.goto(path);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await page.waitForLoadState('networkidle', { timeout: 3000 }).catch(() => undefined);
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
      const found = violations.map((v) => `${path}: ${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.html.slice(0, 160)} — ${n.failureSummary?.split('\n')[1]?.trim() ?? ''}`).join(' | ')}`);
      expect.soft(found).toEqual([]);
    }
  });
}
