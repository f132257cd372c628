import { type DisplayValueAlignmentFactors, type FieldDisplay, getDisplayValueAlignmentFactors, VizOrientation } from '@grafana/data';
import { BarGaugeDisplayMode, BarGaugeNamePlacement, BarGaugeSizing, BarGaugeValueMode, type VizTextDisplayOptions } from '@grafana/schema';
import { BarGauge, VizRepeater, type VizRepeaterRenderValueProps } from '@grafana/ui';
import { Linked } from './parts/Linked';
import { orientationOf, valuesOf } from './parts/values';
import type { PanelProps } from './types';

interface Options {
  displayMode?: BarGaugeDisplayMode;
  valueMode?: BarGaugeValueMode;
  namePlacement?: BarGaugeNamePlacement;
  showUnfilled?: boolean;
  sizing?: BarGaugeSizing;
  minVizWidth?: number;
  minVizHeight?: number;
  maxVizHeight?: number;
  text?: VizTextDisplayOptions;
}

export default function BarGaugePanel(props: PanelProps) {
  const { width, height, theme } = props;
  const options = props.options as Options;
  const asked = orientationOf(props.options);
  const orientation = (asked === 'auto' ? (width > height ? 'vertical' : 'horizontal') : asked) as VizOrientation;
  const manual = options.sizing === BarGaugeSizing.Manual;
  const render = ({ value, width: w, height: h, orientation: o, alignmentFactors, count }: VizRepeaterRenderValueProps<FieldDisplay, DisplayValueAlignmentFactors>) => (
    <Linked value={value}>
      {(onClick) => (
        <BarGauge
          value={count === 1 ? { ...value.display, title: undefined } : value.display}
          field={value.field}
          display={value.view?.getFieldDisplayProcessor(value.colIndex ?? 0)}
          text={options.text}
          width={w}
          height={h}
          orientation={o}
          theme={theme}
          itemSpacing={8}
          lcdCellWidth={12}
          displayMode={options.displayMode ?? BarGaugeDisplayMode.Gradient}
          valueDisplayMode={options.valueMode ?? BarGaugeValueMode.Color}
          namePlacement={options.namePlacement ?? BarGaugeNamePlacement.Auto}
          showUnfilled={options.showUnfilled ?? true}
          alignmentFactors={alignmentFactors}
          onClick={onClick}
        />
      )}
    </Linked>
  );
  return (
    <VizRepeater
      getValues={() => valuesOf(props)}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={render}
      width={width}
      height={height}
      minVizWidth={manual ? options.minVizWidth : 8}
      minVizHeight={manual ? options.minVizHeight : 16}
      maxVizHeight={manual ? options.maxVizHeight : 300}
      source={props.frames}
      renderCounter={0}
      itemSpacing={8}
      orientation={orientation}
    />
  );
}
