import { type DataFrame, dateTimeFormat, FieldType, formattedValueToString } from '@grafana/data';
import { type DashboardCursorSync, type SortOrder, TooltipDisplayMode } from '@grafana/schema';
import {
  getFieldDisplayItems,
  getFieldDisplayLinks,
  TooltipPlugin2,
  type UPlotConfigBuilder,
  VizTooltipContent,
  VizTooltipFooter,
  VizTooltipHeader,
  VizTooltipWrapper,
} from '@grafana/ui';

/** The hover modes of the library's tooltip, whose enum is not exported: one series at x, all at x, one at x and y. */
export const HOVER = { xOne: 0, xAll: 1, xyOne: 2 } as const;

interface Props {
  config: UPlotConfigBuilder;
  aligned: DataFrame;
  mode: TooltipDisplayMode;
  sortOrder: SortOrder;
  maxHeight?: number;
  hideZeros?: boolean;
  sync: DashboardCursorSync;
  onZoom: (range: { from: number; to: number }) => void;
}

/** The tooltip of a time series, which also zooms where a range is dragged. A click pins it and shows the point's links. */
export function PlotTooltip({ config, aligned, mode, sortOrder, maxHeight, hideZeros, sync, onZoom }: Props) {
  return (
    <TooltipPlugin2
      config={config}
      hoverMode={(mode === TooltipDisplayMode.Single ? HOVER.xOne : HOVER.xAll) as never}
      queryZoom={onZoom}
      clientZoom={true}
      syncMode={sync}
      syncScope="dashboard"
      render={(_u, indexes, series, pinned, _dismiss, _range, viaSync) => {
        const x = aligned.fields[0];
        if (mode === TooltipDisplayMode.None || !x) {
          return null;
        }
        const all = viaSync ? TooltipDisplayMode.Multi : mode;
        const row = indexes[0];
        const at = row === null || row === undefined ? undefined : x.values[row];
        const title = x.type === FieldType.time ? dateTimeFormat(at, { timeZone: undefined }) : '';
        const shown = x.display ? formattedValueToString(x.display(at)) : title;
        const visible = (field: (typeof aligned.fields)[number]) => !field.config.custom?.hideFrom?.tooltip && !field.config.custom?.hideFrom?.viz;
        const items = getFieldDisplayItems(aligned.fields, x, indexes, series, all, sortOrder, visible, hideZeros);
        const hovered = series === null || series === undefined ? undefined : aligned.fields[series];
        const hoveredRow = series === null || series === undefined ? undefined : indexes[series];
        const links = pinned && hovered && hoveredRow !== null && hoveredRow !== undefined ? getFieldDisplayLinks(hovered, hoveredRow) : [];
        return (
          <VizTooltipWrapper>
            <VizTooltipHeader item={{ label: shown, value: '' }} isPinned={pinned} />
            <VizTooltipContent items={items} isPinned={pinned} scrollable={all === TooltipDisplayMode.Multi && items.length > 12} maxHeight={maxHeight ?? 360} />
            {pinned && links.length > 0 && <VizTooltipFooter dataLinks={links} />}
          </VizTooltipWrapper>
        );
      }}
    />
  );
}
