import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { InlineSwitch, RefreshPicker, TimeRangePicker, useStyles2 } from '@grafana/ui';
import { setParams } from '../app/location';
import { isShown, VariablePicker } from '../variables/VariablePicker';
import { useDashboard } from './context';
import { DashboardLinks } from './DashboardLinks';
import { NARROW } from './layout';
import { rangeParams, shift, zoomOut } from './time';

const INTERVALS = ['5s', '10s', '30s', '1m', '5m', '15m', '30m', '1h', '2h', '1d'];

interface Props {
  refresh: string;
  loading: boolean;
  onRefresh: () => void;
  shownAnnotations: ReadonlySet<string>;
  onToggleAnnotation: (name: string) => void;
}

/** What stands above the panels: variables, annotations, links, the time range and the refresh. */
export function Controls({ refresh, loading, onRefresh, shownAnnotations, onToggleAnnotation }: Props) {
  const styles = useStyles2(getStyles);
  const state = useDashboard();
  const { dashboard, range, timeZone, variables, waiting, setRange } = state;
  const move = (direction: -1 | 1) => {
    const { from, to } = shift(range, direction);
    setRange(from, to);
  };
  const zoom = () => {
    const { from, to } = zoomOut(range);
    setRange(from, to);
  };
  const narrow = window.innerWidth < NARROW;
  const shown = [...variables.values()].filter(isShown);
  const annotations = dashboard.annotations.list.filter((def) => !def.hide && !(def.builtIn === 1));
  return (
    <div className={styles.controls}>
      <div className={styles.left}>
        {shown.map((variable) => (
          <VariablePicker key={variable.def.name} state={variable} loading={waiting.has(variable.def.name)} />
        ))}
        {annotations.map((def) => (
          <InlineSwitch key={def.name} label={def.name} showLabel={true} value={shownAnnotations.has(def.name)} onChange={() => onToggleAnnotation(def.name)} />
        ))}
        <DashboardLinks />
      </div>
      {!dashboard.timepicker?.hidden && (
        <div className={styles.right}>
          <TimeRangePicker
            value={range}
            timeZone={timeZone}
            fiscalYearStartMonth={dashboard.fiscalYearStartMonth}
            onChange={(next) => {
              const { from, to } = rangeParams(next);
              setRange(from, to);
            }}
            onChangeTimeZone={(zone) => setParams({ timezone: zone })}
            onMoveBackward={() => move(-1)}
            onMoveForward={() => move(1)}
            onZoom={zoom}
            isOnCanvas={true}
            hideText={false}
            weekStart={dashboard.weekStart === 'monday' || dashboard.weekStart === 'sunday' || dashboard.weekStart === 'saturday' ? dashboard.weekStart : undefined}
          />
          <RefreshPicker
            value={refresh}
            intervals={dashboard.timepicker?.refresh_intervals?.length ? dashboard.timepicker.refresh_intervals : INTERVALS}
            onIntervalChanged={(interval) => setParams({ refresh: interval })}
            onRefresh={onRefresh}
            isLoading={loading}
            text={narrow ? undefined : 'Refresh'}
            isOnCanvas={true}
          />
        </div>
      )}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  controls: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'flex-start', gap: theme.spacing(1), padding: theme.spacing(2, 0, 1) }),
  left: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1), flex: '1 1 300px', minWidth: 0 }),
  right: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1), marginLeft: 'auto', [theme.breakpoints.down('sm')]: { marginLeft: 0 } }),
});
