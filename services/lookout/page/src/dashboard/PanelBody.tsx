import { css } from '@emotion/css';
import type { DataFrame, GrafanaTheme2 } from '@grafana/data';
import { ErrorBoundary, useStyles2, useTheme2 } from '@grafana/ui';
import { createContext, memo, Suspense, useContext, useEffect, useMemo, useRef } from 'react';
import { components, kindOf } from '../panels/kinds';
import { NoData } from '../panels/parts/NoData';
import type { Scope } from '../variables/types';
import { useDashboard } from './context';
import { interpolator } from './macros';
import { applyFields, cutSeries } from './process';
import type { PanelInstance } from './sections';
import type { PanelData } from './usePanelData';

/** Tells when what is inside has been drawn, its code loaded included. */
function Drawn({ onDrawn, children }: { onDrawn: () => void; children: React.ReactNode }) {
  useEffect(onDrawn, [onDrawn]);
  return children;
}

/** The frames that a panel draws, cut to what it can show, with its field options applied. */
export function useShownFrames(
  instance: PanelInstance,
  data: PanelData,
  scope: Scope,
): { frames: DataFrame[]; total: number; shown: number } {
  const { timeZone } = useDashboard();
  const theme = useTheme2();
  const { panel } = instance;
  const kind = kindOf(panel.type);
  const latest = useRef(scope);
  latest.current = scope;
  return useMemo(() => {
    const cut = kind?.most ? cutSeries(data.frames, kind.most) : { frames: data.frames, total: 0 };
    const replace = interpolator((name, field) => latest.current(name, field));
    const fieldConfig = panel.fieldConfig;
    const frames = applyFields(cut.frames, { fieldConfig, theme, timeZone, replace, colorMode: kind?.colorMode });
    return { frames, total: cut.total, shown: kind?.most ?? 0 };
  }, [data.frames, panel, kind, theme, timeZone]);
}

/** What is to be drawn in a panel. */
export interface Content {
  instance: PanelInstance;
  data: PanelData;
  scope: Scope;
  frames: DataFrame[];
  onDrawn: () => void;
}

/** Goes past a panel's header, which has nothing to do with what is drawn in it. */
export const ContentContext = createContext<Content | undefined>(undefined);

/** What stands in a panel: its drawing, or why there is none. */
export const PanelBody = memo(function PanelBody({ width, height }: { width: number; height: number }) {
  const content = useContext(ContentContext);
  return content ? <Drawing {...content} width={width} height={height} /> : null;
});

function Drawing({ instance, data, scope, frames, width, height, onDrawn }: Content & { width: number; height: number }) {
  const styles = useStyles2(getStyles);
  const theme = useTheme2();
  const { timeZone } = useDashboard();
  const { panel } = instance;
  const kind = kindOf(panel.type);
  const Component = components[panel.type];
  const replace = useMemo(() => interpolator(scope), [scope]);
  const options = useMemo(() => panel.options ?? {}, [panel]);
  if (!kind || !Component) {
    return <NoData text={`The panel type "${panel.type}" is not supported by Lookout. It stays in the dashboard and shows in Grafana.`} />;
  }
  if (!kind.alone && data.state === 'loading') {
    return null;
  }
  if (!kind.alone && data.state === 'error' && data.frames.length === 0) {
    return (
      <div className={styles.error} role="alert" data-testid="panel-error">
        {data.error}
      </div>
    );
  }
  if (!kind.alone && (data.state === 'empty' || data.frames.length === 0)) {
    return <NoData text={(panel.fieldConfig?.defaults?.noValue ? replace(panel.fieldConfig.defaults.noValue) : undefined) ?? 'No data'} />;
  }
  return (
    <ErrorBoundary dependencies={[frames]}>
      {({ error }) =>
        error ? (
          <div className={styles.error} role="alert" data-testid="panel-error">{`The panel cannot be drawn: ${error.message}`}</div>
        ) : (
          <Suspense fallback={null}>
            <Drawn onDrawn={onDrawn}>
              <Component
                panel={panel}
                options={options}
                frames={frames}
                exemplars={data.exemplars}
                width={width}
                height={height}
                range={data.range}
                timeZone={timeZone}
                theme={theme}
                replace={replace}
              />
            </Drawn>
          </Suspense>
        )
      }
    </ErrorBoundary>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  error: css({
    display: 'flex',
    alignItems: 'center',
    justifyContent: 'center',
    height: '100%',
    padding: theme.spacing(1, 2),
    overflow: 'auto',
    textAlign: 'center',
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
    color: theme.colors.error.text,
    ...theme.typography.bodySmall,
  }),
});
