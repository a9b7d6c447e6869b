import { defineConfig } from '@playwright/test';
import { args, executablePath } from './e2e/browser.mjs';

// The tests run against the real program: .ci/e2e starts the demo and gives its
// address and its sign-in link, which works once.
export default defineConfig({
  testDir: 'e2e',
  timeout: 60_000,
  expect: { timeout: 20_000 },
  workers: 1,
  reporter: 'list',
  use: {
    baseURL: process.env.AISLE_E2E_URL ?? 'http://127.0.0.1:8080',
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    timezoneId: 'Asia/Ho_Chi_Minh',
    launchOptions: { executablePath, args },
    trace: 'off',
  },
  projects: [
    { name: 'sign-in', testMatch: /sign-in\.setup\.ts/ },
    {
      name: 'pages',
      testMatch: /\.spec\.ts/,
      dependencies: ['sign-in'],
      use: { storageState: 'test-results/.session.json' },
    },
  ],
});
