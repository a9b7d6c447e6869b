import { createTheme, type MantineColorsTuple } from '@mantine/core';

// Neutral plant picture: the accent is a quiet steel, colour is kept for what
// is abnormal.
const steel: MantineColorsTuple = [
  '#eef2f6', '#dde4eb', '#bccad8', '#9ab0c5', '#7c98b2', '#6488a5', '#4d708d', '#3f5d76', '#334b60', '#263a4b',
];
const dark: MantineColorsTuple = [
  '#dfe4ea', '#c0c8d0', '#a2acb6', '#828d98', '#4a535c', '#363e46', '#2a3037', '#1f242a', '#171b20', '#101317',
];

export const theme = createTheme({
  primaryColor: 'steel',
  primaryShade: { light: 7, dark: 6 },
  colors: { steel, dark },
  fontFamily: '"Inter Variable", system-ui, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "DejaVu Sans Mono", monospace',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  lineHeights: { xs: '1.45', sm: '1.45', md: '1.5', lg: '1.5', xl: '1.4' },
  defaultRadius: 'sm',
  headings: { fontWeight: '600', sizes: { h1: { fontSize: '20px' }, h2: { fontSize: '16px' }, h3: { fontSize: '14px' } } },
  respectReducedMotion: true,
  cursorType: 'pointer',
});
