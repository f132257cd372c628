import { type FieldDisplay, formattedValueToString, getFieldColorModeForField, type GrafanaTheme2, sortThresholds, ThresholdsMode, VizOrientation } from '@grafana/data';
import { calculateFontSize, VizRepeater, type VizRepeaterRenderValueProps } from '@grafana/ui';
import type { KeyboardEvent, MouseEvent, MouseEventHandler } from 'react';
import { arcPath } from './parts/arc';
import { Linked } from './parts/Linked';
import { orientationOf, valuesOf } from './parts/values';
import type { PanelProps } from './types';

/** Half of the opening at the bottom, in radians from straight down. */
const OPEN = Math.PI * 0.32;
const START = -Math.PI + OPEN;
const SPAN = 2 * (Math.PI - OPEN);

interface Band {
  from: number;
  to: number;
  color: string;
}

const clamp = (value: number) => Math.min(1, Math.max(0, value));

/** The coloured parts of the outer ring, as shares of the whole from 0 to 1. */
export function bandsOf(value: FieldDisplay, min: number, max: number, theme: GrafanaTheme2): Band[] {
  const { thresholds } = value.field;
  const steps = sortThresholds([...(thresholds?.steps ?? [])]);
  const share = (limit: number) =>
    limit === Number.NEGATIVE_INFINITY ? 0 : clamp(thresholds?.mode === ThresholdsMode.Percentage ? limit / 100 : (limit - min) / (max - min || 1));
  return steps
    .map((step, i) => {
      const next = steps[i + 1];
      return { from: share(step.value), to: next ? share(next.value) : 1, color: theme.visualization.getColorByName(step.color) };
    })
    .filter((band) => band.to > band.from);
}

function Dial(props: { value: FieldDisplay; width: number; height: number; theme: GrafanaTheme2; markers: boolean; labels: boolean; title: boolean; onClick?: MouseEventHandler<HTMLElement> }) {
  const { value, width, height, theme, markers, labels, title, onClick } = props;
  const min = value.field.min ?? 0;
  const max = value.field.max ?? 100;
  const name = title ? (value.display.title ?? '') : '';
  const titleHeight = name ? Math.min(22, height * 0.2) : 0;
  const room = height - titleHeight;
  const radius = Math.max(10, Math.min(width / 2 - 4, room / (1 + Math.cos(OPEN)) - 4));
  const cx = width / 2;
  const cy = radius + (room - radius * (1 + Math.cos(OPEN))) / 2;
  const ring = markers ? Math.max(2, radius * 0.05) : 0;
  const outer = radius - (markers ? ring + Math.max(1, radius * 0.03) : 0);
  const inner = outer - radius * 0.22;
  const numeric = value.display.numeric;
  const share = Number.isFinite(numeric) ? clamp((numeric - min) / (max - min || 1)) : 0;
  const text = formattedValueToString(value.display);
  const size = calculateFontSize(text, inner * 1.45, inner * 0.75, 1, 60);
  const angle = (part: number) => START + SPAN * part;
  const arc = (from: number, to: number, a: number, b: number) => arcPath(cx, cy, a, b, angle(from), angle(to));
  const mode = getFieldColorModeForField({ config: value.field } as never);
  const bands = markers && !mode.isContinuous ? bandsOf(value, min, max, theme) : [];
  const press = (event: KeyboardEvent<SVGSVGElement>) => event.key === 'Enter' && onClick?.(event as unknown as MouseEvent<HTMLElement>);
  return (
    <svg
      width={width}
      height={height}
      role={onClick ? 'button' : 'img'}
      tabIndex={onClick ? 0 : undefined}
      aria-label={`${value.display.title ?? ''} ${text}`.trim()}
      style={{ cursor: onClick ? 'pointer' : undefined, display: 'block' }}
      onClick={onClick as unknown as MouseEventHandler<SVGSVGElement>}
      onKeyDown={press}
    >
      <path d={arc(0, 1, inner, outer)} fill={theme.colors.background.secondary} />
      {share > 0 && <path d={arc(0, share, inner, outer)} fill={value.display.color ?? theme.colors.primary.main} />}
      {bands.map((band) => (
        <path key={`${band.from}-${band.color}`} d={arc(band.from, band.to, radius - ring, radius)} fill={band.color} />
      ))}
      <text x={cx} y={cy} textAnchor="middle" dominantBaseline="central" fontSize={size} fontWeight={500} fill={value.display.color ?? theme.colors.text.primary}>
        {text}
      </text>
      {labels &&
        [0, 1].map((part) => (
          <text key={part} x={cx + (part ? 1 : -1) * radius * 0.62} y={cy + radius * 0.86} textAnchor="middle" fontSize={Math.max(9, radius * 0.13)} fill={theme.colors.text.secondary}>
            {part ? max : min}
          </text>
        ))}
      {name && (
        <text x={cx} y={height - titleHeight / 2} textAnchor="middle" dominantBaseline="central" fontSize={calculateFontSize(name, width - 8, titleHeight, 1.2, 14)} fill={theme.colors.text.primary}>
          {name}
        </text>
      )}
    </svg>
  );
}

export default function GaugePanel(props: PanelProps) {
  const { width, height, theme, options } = props;
  const markers = options.showThresholdMarkers !== false;
  const labels = options.showThresholdLabels === true;
  const values = valuesOf(props);
  const render = ({ value, width: w, height: h, count }: VizRepeaterRenderValueProps<FieldDisplay>) => (
    <Linked value={value}>
      {(onClick) => <Dial value={value} width={w} height={h} theme={theme} markers={markers} labels={labels} title={count > 1} onClick={onClick} />}
    </Linked>
  );
  return (
    <VizRepeater
      getValues={() => values}
      renderValue={render}
      width={width}
      height={height}
      source={props.frames}
      renderCounter={0}
      autoGrid={true}
      itemSpacing={8}
      orientation={orientationOf(options) as VizOrientation}
    />
  );
}
