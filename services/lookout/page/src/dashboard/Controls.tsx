import { css } from '@emotion/css';
import type { GrafanaTheme2, TimeRange } from '@grafana/data';
import { Icon, InlineSwitch, RefreshPicker, TimeRangePicker, useStyles2 } from '@grafana/ui';
import { memo, useMemo } from 'react';
import { setParams } from '../app/location';
import { supportedVariables } from '../variables/resolve';
import { isShown, VariablePicker } from '../variables/VariablePicker';
import { useDashboard } from './context';
import { DashboardLinks } from './DashboardLinks';
import { NARROW } from './layout';
import type { Dashboard } from './model';
import { rangeParams, shift, zoomOut } from './time';

const INTERVALS = ['5s', '10s', '30s', '1m', '5m', '15m', '30m', '1h', '2h', '1d'];

interface Props {
  refresh: string;
  loading: boolean;
  onRefresh: () => void;
  shownAnnotations: ReadonlySet<string>;
  onToggleAnnotation: (name: string) => void;
}

const weekStarts = ['monday', 'sunday', 'saturday'] as const;

/** The range and its zone; drawn anew only when one of them changes, since it is a large one of many parts. */
const TimeControl = memo(function TimeControl({ dashboard, range, timeZone }: { dashboard: Dashboard; range: TimeRange; timeZone: string }) {
  const go = ({ from, to }: { from: string; to: string }) => setParams({ from, to });
  return (
    <TimeRangePicker
      value={range}
      timeZone={timeZone}
      fiscalYearStartMonth={dashboard.fiscalYearStartMonth}
      onChange={(next) => go(rangeParams(next))}
      onChangeTimeZone={(zone) => setParams({ timezone: zone })}
      onMoveBackward={() => go(shift(range, -1))}
      onMoveForward={() => go(shift(range, 1))}
      onZoom={() => go(zoomOut(range))}
      isOnCanvas={true}
      hideText={false}
      weekStart={weekStarts.find((day) => day === dashboard.weekStart)}
    />
  );
});

const setRefresh = (refresh: string) => setParams({ refresh });

/** What stands above the panels: variables, annotations, links, the time range and the refresh. */
export function Controls({ refresh, loading, onRefresh, shownAnnotations, onToggleAnnotation }: Props) {
  const styles = useStyles2(getStyles);
  const { dashboard, range, timeZone, variables, waiting } = useDashboard();
  const narrow = window.innerWidth < NARROW;
  const shown = [...variables.values()].filter(isShown);
  const unknown = dashboard.templating.list.filter((def) => !supportedVariables.has(def.type));
  const annotations = dashboard.annotations.list.filter((def) => !def.hide && !(def.builtIn === 1));
  const refreshPicker = useMemo(
    () => (
      <RefreshPicker
        value={refresh}
        intervals={dashboard.timepicker?.refresh_intervals?.length ? dashboard.timepicker.refresh_intervals : INTERVALS}
        onIntervalChanged={setRefresh}
        onRefresh={onRefresh}
        isLoading={loading}
        text={narrow ? undefined : 'Refresh'}
        isOnCanvas={true}
      />
    ),
    [refresh, dashboard, onRefresh, loading, narrow],
  );
  return (
    <div className={styles.controls}>
      <div className={styles.left}>
        {shown.map((variable) => (
          <VariablePicker key={variable.def.name} state={variable} loading={waiting.has(variable.def.name)} />
        ))}
        {unknown.length > 0 && (
          <span className={styles.unknown}>
            <Icon name="exclamation-triangle" size="sm" />{' '}
            {`Not supported here: ${unknown.map((def) => `${def.label || def.name} (${def.type})`).join(', ')}`}
          </span>
        )}
        {annotations.map((def) => (
          <InlineSwitch
            key={def.name}
            label={def.name}
            showLabel={true}
            value={shownAnnotations.has(def.name)}
            onChange={() => onToggleAnnotation(def.name)}
          />
        ))}
        <DashboardLinks />
      </div>
      {!dashboard.timepicker?.hidden && (
        <div className={styles.right}>
          <TimeControl dashboard={dashboard} range={range} timeZone={timeZone} />
          {refreshPicker}
        </div>
      )}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  controls: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'flex-start', gap: theme.spacing(1), padding: theme.spacing(2, 0, 1) }),
  left: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1), flex: '1 1 300px', minWidth: 0 }),
  unknown: css({ ...theme.typography.bodySmall, color: theme.colors.warning.text }),
  right: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: theme.spacing(1),
    marginLeft: 'auto',
    [theme.breakpoints.down('sm')]: { marginLeft: 0, order: -1, width: '100%' },
  }),
});
