import type { GrafanaTheme2 } from '@grafana/data';
import * as chromatic from 'd3-scale-chromatic';

export interface ColorOptions {
  mode?: 'scheme' | 'opacity';
  scheme?: string;
  fill?: string;
  scale?: 'linear' | 'exponential';
  exponent?: number;
  steps?: number;
  reverse?: boolean;
}

type Interpolator = (share: number) => string;

/** Schemes whose few is dark: they are not turned about in a dark theme. */
const darkFirst = new Set(['Turbo', 'Viridis', 'Magma', 'Inferno', 'Plasma', 'Cividis', 'Cubehelix', 'Warm', 'Cool', 'Rainbow', 'Sinebow', 'Spectral', 'RdYlGn', 'RdYlBu', 'RdBu', 'RdGy', 'PuOr', 'PRGn', 'PiYG', 'BrBG']);

function interpolatorOf(scheme: string): Interpolator {
  const all = chromatic as unknown as Record<string, Interpolator | undefined>;
  return all[`interpolate${scheme}`] ?? chromatic.interpolateOranges;
}

const channels = (hex: string) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) || 0);

/** Colours of a heatmap, from few to many. Light schemes are turned about in a dark theme, so that few is dark there, as in Grafana. */
export function paletteOf(options: ColorOptions, theme: GrafanaTheme2): string[] {
  const count = Math.min(128, Math.max(2, options.steps ?? 64));
  const shares = Array.from({ length: count }, (_, i) => i / (count - 1));
  if (options.mode === 'opacity') {
    const [r, g, b] = channels(theme.visualization.getColorByName(options.fill ?? 'dark-orange'));
    return shares.map((share) => `rgba(${r},${g},${b},${options.scale === 'exponential' ? share ** (options.exponent ?? 0.5) : share})`);
  }
  const scheme = options.scheme ?? 'Oranges';
  const color = interpolatorOf(scheme);
  const turned = (theme.isDark && !darkFirst.has(scheme)) !== (options.reverse === true);
  return shares.map((share) => color(turned ? 1 - share : share));
}
