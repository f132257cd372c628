import { css, cx } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { memo, useMemo, useState } from 'react';
import { type LogRow, logRows, MOST_LINES } from './parts/logRows';
import { NoData } from './parts/NoData';
import type { PanelProps } from './types';

interface Options {
  showTime?: boolean;
  showLabels?: boolean;
  wrapLogMessage?: boolean;
  prettifyLogMessage?: boolean;
  enableLogDetails?: boolean;
  sortOrder?: 'Descending' | 'Ascending';
}

function pretty(text: string): string {
  try {
    return /^\s*[{[]/.test(text) ? JSON.stringify(JSON.parse(text), null, 2) : text;
  } catch {
    return text;
  }
}

const Line = memo(function Line({ row, options, timeZone }: { row: LogRow; options: Options; timeZone: string }) {
  const styles = useStyles2(getStyles);
  const [open, setOpen] = useState(false);
  const details = options.enableLogDetails !== false && row.fields.length > 0;
  const text = options.prettifyLogMessage ? pretty(row.text) : row.text;
  return (
    <>
      <div
        className={cx(styles.line, details && styles.clickable)}
        role={details ? 'button' : undefined}
        tabIndex={details ? 0 : undefined}
        aria-expanded={details ? open : undefined}
        onClick={() => details && window.getSelection()?.isCollapsed !== false && setOpen(!open)}
        onKeyDown={(event) => event.key === 'Enter' && details && setOpen(!open)}
      >
        <span className={cx(styles.level, styles.levels[row.level as keyof typeof styles.levels])} title={row.level} />
        {options.showTime !== false && row.time !== undefined && <time className={styles.time}>{dateTimeFormat(row.time, { timeZone, defaultWithMS: true })}</time>}
        {options.showLabels && <span className={styles.labels}>{row.fields.map(([name, value]) => `${name}=${value}`).join(' ')}</span>}
        <span className={options.wrapLogMessage === false ? styles.single : styles.wrapped}>{text}</span>
      </div>
      {open && (
        <dl className={styles.details}>
          {row.fields.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
});

export default function LogsPanel({ frames, options: asked, timeZone }: PanelProps) {
  const options = asked as Options;
  const styles = useStyles2(getStyles);
  const { rows, total } = useMemo(() => logRows(frames, options.sortOrder ?? 'Descending'), [frames, options.sortOrder]);
  if (rows.length === 0) {
    return <NoData frames={frames} />;
  }
  return (
    <div className={styles.list}>
      {rows.map((row) => (
        <Line key={row.key} row={row} options={options} timeZone={timeZone} />
      ))}
      {total > MOST_LINES && <div className={styles.more}>{`The first ${MOST_LINES.toLocaleString('en')} of ${total.toLocaleString('en')} lines`}</div>}
    </div>
  );
}

const level = (color: string) => css({ background: color });

const getStyles = (theme: GrafanaTheme2) => {
  const color = (name: string) => theme.visualization.getColorByName(name);
  return {
    list: css({ height: '100%', overflow: 'auto', fontFamily: theme.typography.fontFamilyMonospace, fontSize: theme.typography.bodySmall.fontSize, padding: theme.spacing(0, 1, 1) }),
    line: css({ display: 'flex', gap: theme.spacing(1.5), padding: '2px 0', lineHeight: 1.5, minWidth: 0, '&:hover': { background: theme.colors.action.hover } }),
    clickable: css({ cursor: 'pointer', contentVisibility: 'auto', containIntrinsicSize: 'auto 20px' }),
    level: css({ width: 3, flexShrink: 0, borderRadius: 2 }),
    levels: {
      critical: level(color('purple')),
      error: level(color('red')),
      warning: level(color('orange')),
      info: level(color('green')),
      debug: level(color('blue')),
      trace: level(color('light-blue')),
      unknown: level(theme.colors.border.medium),
    },
    time: css({ color: theme.colors.text.secondary, whiteSpace: 'nowrap', flexShrink: 0 }),
    labels: css({ color: theme.colors.text.secondary, maxWidth: '30%', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', flexShrink: 0 }),
    single: css({ whiteSpace: 'pre' }),
    wrapped: css({ whiteSpace: 'pre-wrap', wordBreak: 'break-word', minWidth: 0 }),
    details: css({
      margin: theme.spacing(0, 0, 1, 2),
      padding: theme.spacing(1),
      background: theme.colors.background.secondary,
      borderRadius: theme.shape.radius.default,
      div: { display: 'flex', gap: theme.spacing(2) },
      dt: { width: 180, flexShrink: 0, color: theme.colors.text.secondary, wordBreak: 'break-all', fontWeight: 400 },
      dd: { margin: 0, wordBreak: 'break-word' },
    }),
    more: css({ padding: theme.spacing(1), color: theme.colors.text.secondary, fontFamily: theme.typography.fontFamily }),
  };
};
