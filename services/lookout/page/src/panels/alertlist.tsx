import { css } from '@emotion/css';
import { type GrafanaTheme2, rangeUtil } from '@grafana/data';
import { BigValue, BigValueColorMode, BigValueGraphMode, Icon, type IconName, useStyles2, useTheme2 } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { getRules } from '../api/calls';
import type { RuleGroups } from '../api/types';
import { useDashboard } from '../dashboard/context';
import { isPrometheus } from '../variables/sources';
import { chain, nothing } from '../variables/types';
import { type AlertState, type ListedAlert, listAlerts, type ListOptions } from './parts/alerts';
import { NoData } from './parts/NoData';
import type { PanelProps } from './types';

const looks: Record<AlertState, { icon: IconName; color: 'error' | 'warning' | 'success' | 'info'; word: string }> = {
  firing: { icon: 'heart-break', color: 'error', word: 'Firing' },
  error: { icon: 'exclamation-triangle', color: 'error', word: 'Error' },
  pending: { icon: 'hourglass', color: 'warning', word: 'Pending' },
  nodata: { icon: 'question-circle', color: 'info', word: 'No data' },
  normal: { icon: 'heart', color: 'success', word: 'Normal' },
};

const age = (since: number) => rangeUtil.secondsToHms(Math.max(1, Math.round((Date.now() - since) / 1000)));

/** Rules of Grafana's own ruler and, where the panel asks for one, of a data source's. */
function useRules(sources: string[], tick: number) {
  const [rules, setRules] = useState<{ answers?: RuleGroups[]; error?: string }>({});
  const key = sources.join('\n');
  useEffect(() => {
    const stop = new AbortController();
    void Promise.allSettled(key.split('\n').map((source) => getRules(source, stop.signal))).then((settled) => {
      if (stop.signal.aborted) {
        return;
      }
      const answers = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      const failed = settled.find((one) => one.status === 'rejected');
      const error = answers.length === 0 && failed?.status === 'rejected' ? String((failed.reason as Error).message) : undefined;
      setRules({ answers, error });
    });
    return () => stop.abort();
  }, [key, tick]);
  return rules;
}

function Item({ alert, instances }: { alert: ListedAlert; instances: boolean }) {
  const styles = useStyles2(getStyles);
  const theme = useTheme2();
  const look = looks[alert.state];
  const color = theme.colors[look.color].text;
  const active = alert.instances.filter((one) => !/^(?:normal|inactive)/i.test(one.state));
  const text = alert.annotations.summary ?? active[0]?.annotations?.summary ?? alert.annotations.description;
  return (
    <li className={styles.item} data-alert={alert.name} data-alert-state={alert.state}>
      <Icon name={look.icon} size="lg" style={{ color }} />
      <div className={styles.body}>
        <div className={styles.name}>{alert.name}</div>
        <div className={styles.about}>
          <b style={{ color }}>{look.word}</b>
          {alert.since && alert.state !== 'normal' ? ` for ${age(alert.since)}` : ''}
          {active.length > 1 ? ` · ${active.length} instances` : ''}
          {text ? ` · ${text}` : ''}
          {alert.error ? ` · ${alert.error}` : ''}
        </div>
        {instances &&
          active.slice(0, 10).map((one, i) => (
            <div key={i} className={styles.labels}>
              {Object.entries(one.labels).filter(([key]) => !['alertname', 'grafana_folder', '__alert_rule_uid__'].includes(key)).map(([key, value]) => <code key={key}>{`${key}=${value}`}</code>)}
            </div>
          ))}
      </div>
    </li>
  );
}

export default function AlertListPanel({ options: asked, panel, width, height, replace, theme }: PanelProps) {
  const options = asked as ListOptions & { datasource?: string };
  const styles = useStyles2(getStyles);
  const { sources, tick, scope } = useDashboard();
  let ruler: string | undefined;
  try {
    const reference = replace(options.datasource ?? '');
    const found = reference && reference !== 'grafana' && reference !== '-- Grafana --' ? sources.find(reference, chain(scope, nothing)) : undefined;
    ruler = found && isPrometheus(found.type) ? found.uid : undefined;
  } catch {
    ruler = undefined;
  }
  const { answers, error } = useRules(ruler ? [ruler] : ['grafana'], tick);
  if (error) {
    return <NoData text={error} />;
  }
  if (!answers) {
    return null;
  }
  const list = listAlerts(answers, {
    ...options,
    alertName: replace(options.alertName ?? ''),
    alertInstanceLabelFilter: replace(options.alertInstanceLabelFilter ?? ''),
  });
  if (options.viewMode === 'stat') {
    const color = theme.visualization.getColorByName(list.some((alert) => alert.state === 'firing') ? 'red' : list.length > 0 ? 'orange' : 'green');
    const value = { text: String(list.length), numeric: list.length, color };
    return <BigValue width={width} height={height} value={value} graphMode={BigValueGraphMode.None} colorMode={BigValueColorMode.Background} theme={theme} />;
  }
  if (list.length === 0) {
    return <NoData text={panel.fieldConfig?.defaults?.noValue ?? 'No alerts match this panel.'} />;
  }
  return (
    <ol className={styles.list}>
      {list.map((alert) => (
        <Item key={alert.key} alert={alert} instances={options.showInstances === true || options.groupMode === 'custom'} />
      ))}
    </ol>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  list: css({ listStyle: 'none', height: '100%', overflow: 'auto', padding: theme.spacing(0, 1, 1), margin: 0 }),
  item: css({
    display: 'flex',
    gap: theme.spacing(1.5),
    alignItems: 'flex-start',
    padding: theme.spacing(1),
    marginBottom: theme.spacing(0.5),
    background: theme.colors.background.secondary,
    borderRadius: theme.shape.radius.default,
    '> svg, > div:first-of-type': { flexShrink: 0 },
  }),
  body: css({ minWidth: 0, flex: 1 }),
  name: css({ fontWeight: theme.typography.fontWeightMedium, wordBreak: 'break-word' }),
  about: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary }),
  labels: css({ display: 'flex', flexWrap: 'wrap', gap: 4, marginTop: 4, code: { fontSize: 11, margin: 0 } }),
});
