import { type DisplayValueAlignmentFactors, type FieldDisplay, getDisplayValueAlignmentFactors, VizOrientation } from '@grafana/data';
import type { PercentChangeColorMode, VizTextDisplayOptions } from '@grafana/schema';
import { BigValue, BigValueColorMode, BigValueGraphMode, BigValueJustifyMode, BigValueTextMode, VizRepeater, type VizRepeaterRenderValueProps } from '@grafana/ui';
import { Linked } from './parts/Linked';
import { orientationOf, valuesOf } from './parts/values';
import type { PanelProps } from './types';

interface Options {
  colorMode?: BigValueColorMode;
  graphMode?: BigValueGraphMode;
  justifyMode?: BigValueJustifyMode;
  textMode?: BigValueTextMode;
  text?: VizTextDisplayOptions;
  wideLayout?: boolean;
  showPercentChange?: boolean;
  percentChangeColorMode?: PercentChangeColorMode;
}

export default function StatPanel(props: PanelProps) {
  const { width, height, theme, range } = props;
  const options = props.options as Options;
  const graph = options.graphMode ?? BigValueGraphMode.Area;
  const getValues = () => valuesOf(props, { sparkline: graph !== BigValueGraphMode.None, percentChange: options.showPercentChange });
  const render = ({ value, width: w, height: h, alignmentFactors, count }: VizRepeaterRenderValueProps<FieldDisplay, DisplayValueAlignmentFactors>) => {
    const sparkline = value.sparkline ? { ...value.sparkline, timeRange: range } : undefined;
    return (
      <Linked value={value}>
        {(onClick) => (
          <BigValue
            value={value.display}
            count={count}
            sparkline={sparkline}
            colorMode={options.colorMode ?? BigValueColorMode.Value}
            graphMode={graph}
            justifyMode={options.justifyMode ?? BigValueJustifyMode.Auto}
            textMode={options.textMode ?? BigValueTextMode.Auto}
            alignmentFactors={alignmentFactors}
            text={options.text}
            width={w}
            height={h}
            theme={theme}
            onClick={onClick}
            hasLinks={value.hasLinks}
            percentChangeColorMode={options.percentChangeColorMode}
            disableWideLayout={options.wideLayout === false}
          />
        )}
      </Linked>
    );
  };
  return (
    <VizRepeater
      getValues={getValues}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={render}
      width={width}
      height={height}
      source={props.frames}
      renderCounter={0}
      autoGrid={true}
      itemSpacing={3}
      orientation={orientationOf(props.options) as VizOrientation}
    />
  );
}
