// Line colours that stay apart for colour-blind people, on both backgrounds.
// The same thing has the same colour everywhere: the order of the series
// decides, not their values.
const onDark = ['#6fa8dc', '#e69f00', '#56c5a0', '#cc79a7', '#f0e442', '#9d8df1', '#e07b54', '#a6c96a', '#7fd4e8', '#d3a4f0', '#c9b28f', '#b8c2cc'];
const onLight = ['#1f6fb5', '#a86700', '#0b7a57', '#a83a78', '#7a6f00', '#5a45c9', '#b0431a', '#4f7a12', '#0b7285', '#8a3fb8', '#7a5c2e', '#495057'];

export function seriesColor(index: number, scheme: 'dark' | 'light'): string {
  const colors = scheme === 'dark' ? onDark : onLight;
  return colors[index % colors.length] ?? '#888888';
}
