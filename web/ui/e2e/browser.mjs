// How Chromium is started by the browser tests and the screenshots.
export const executablePath = process.env.AISLE_CHROMIUM || '/usr/bin/chromium';

export const args = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];
