/** Of all pictures; they stand on light pages and on dark ones. */
export const STYLE = `<style>
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .figure { fill: #0969da; } .floor { fill: #8c959f; }
  .figure-line { fill: none; stroke: #0969da; stroke-width: 2; }
  .floor-line { fill: none; stroke: #8c959f; stroke-width: 2; stroke-dasharray: 5 4; }
  .spread { stroke: #1f2328; stroke-width: 1.5; } .axis { stroke: #8c959f; }
  .aim { stroke: #1f2328; stroke-width: 2; stroke-dasharray: 3 2; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .figure { fill: #4493f8; } .figure-line { stroke: #4493f8; }
    .spread, .aim { stroke: #e6edf3; }
  }
</style>`;

export function text(
  x: number,
  y: number,
  content: string,
  anchor: 'start' | 'middle' | 'end' = 'start',
): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escape(content)}</text>`;
}

export function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
