import { css, cx } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { Icon, useStyles2, useTheme2 } from '@grafana/ui';
import { useState } from 'react';
import { formatDuration, type Span, type Trace } from './spans';

/** More spans than this are not drawn; the rest is said. */
const MOST = 2000;

/** The rows that show when some spans are closed. */
export function visibleSpans(spans: Span[], closed: ReadonlySet<string>): Span[] {
  let below: number | undefined;
  return spans.filter((span) => {
    if (below !== undefined && span.depth > below) {
      return false;
    }
    below = closed.has(span.id) ? span.depth : undefined;
    return true;
  });
}

function Details({ span, start, timeZone }: { span: Span; start: number; timeZone: string }) {
  const styles = useStyles2(getStyles);
  return (
    <div className={styles.details}>
      <p>
        <b>{span.service}</b> {span.operation} · starts {formatDuration(span.start - start)} in, at {dateTimeFormat(span.start, { timeZone, defaultWithMS: true })} · takes {formatDuration(span.duration)}
      </p>
      <dl>
        {span.tags.map(([key, value]) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {span.logs.map((log, i) => (
        <p key={i}>
          {formatDuration(log.time - start)}: {log.text}
        </p>
      ))}
    </div>
  );
}

/** A trace as bars over time, one row per span, each below the span that called it. */
export function Waterfall({ trace, timeZone }: { trace: Trace; timeZone: string }) {
  const styles = useStyles2(getStyles);
  const theme = useTheme2();
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const palette = theme.visualization.palette;
  const colorOf = (service: string) => theme.visualization.getColorByName(palette[trace.services.indexOf(service) % palette.length] ?? 'blue');
  const flip = (set: ReadonlySet<string>, id: string) => {
    const next = new Set(set);
    if (!next.delete(id)) {
      next.add(id);
    }
    return next;
  };
  const share = (ms: number) => `${(trace.duration > 0 ? (ms / trace.duration) * 100 : 0).toFixed(3)}%`;
  const rows = visibleSpans(trace.spans.slice(0, MOST), closed);
  const root = trace.spans[0];
  return (
    <div className={styles.trace} data-testid="waterfall">
      <div className={styles.head}>
        <strong>{root ? `${root.service}: ${root.operation}` : 'Trace'}</strong>
        <span className={styles.id}>{trace.id}</span>
        <span>{dateTimeFormat(trace.start, { timeZone, defaultWithMS: true })}</span>
        <span>{formatDuration(trace.duration)}</span>
        <span>{trace.services.length} services</span>
        <span>{trace.spans.length > MOST ? `the first ${MOST} of ${trace.spans.length} spans` : `${trace.spans.length} spans`}</span>
      </div>
      <div className={styles.rows}>
        <div className={cx(styles.row, styles.scale)}>
          <div className={styles.name}>Service and operation</div>
          <div className={styles.lane}>
            {[0, 0.25, 0.5, 0.75, 1].map((part) => (
              <span key={part} style={{ left: `${part * 100}%`, transform: part === 1 ? 'translateX(-100%)' : part === 0 ? undefined : 'translateX(-50%)' }}>
                {formatDuration(trace.duration * part)}
              </span>
            ))}
          </div>
        </div>
        {rows.map((span) => {
          const color = colorOf(span.service);
          const at = span.start - trace.start;
          const late = trace.duration > 0 && (at + span.duration / 2) / trace.duration > 0.6;
          return (
            <div key={span.id}>
              <div className={styles.row} data-span={span.id}>
                <div className={styles.name} style={{ paddingLeft: 8 + span.depth * 14 }}>
                  <button type="button" className={styles.fold} disabled={span.children === 0} aria-label={closed.has(span.id) ? 'Show children' : 'Hide children'} onClick={() => setClosed(flip(closed, span.id))}>
                    {span.children > 0 && <Icon name={closed.has(span.id) ? 'angle-right' : 'angle-down'} size="sm" />}
                  </button>
                  <button type="button" className={styles.label} style={{ borderColor: color }} onClick={() => setOpen(flip(open, span.id))} title={`${span.service} ${span.operation}`}>
                    {span.failed && <Icon name="exclamation-circle" size="sm" className={styles.failed} />}
                    <b>{span.service}</b> <span>{span.operation}</span>
                  </button>
                </div>
                <button type="button" className={styles.lane} aria-label={`${span.service} ${span.operation}, ${formatDuration(span.duration)}`} aria-expanded={open.has(span.id)} onClick={() => setOpen(flip(open, span.id))}>
                  <i style={{ left: share(at), width: `max(2px, ${share(span.duration)})`, background: color, outline: span.failed ? `1px solid ${theme.colors.error.main}` : undefined }} />
                  <span style={late ? { right: `calc(100% - ${share(at)} + 6px)` } : { left: `calc(${share(at + span.duration)} + 6px)` }}>{formatDuration(span.duration)}</span>
                </button>
              </div>
              {open.has(span.id) && <Details span={span} start={trace.start} timeZone={timeZone} />}
            </div>
          );
        })}
      </div>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => {
  const line = `1px solid ${theme.colors.border.weak}`;
  const plain = { border: 'none', background: 'none', padding: 0, color: 'inherit', font: 'inherit', textAlign: 'left' as const };
  return {
    trace: css({ display: 'flex', flexDirection: 'column', height: '100%', minHeight: 0, ...theme.typography.bodySmall }),
    head: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(0.5, 2), padding: theme.spacing(0, 1, 1), color: theme.colors.text.secondary, strong: { color: theme.colors.text.primary, ...theme.typography.body } }),
    id: css({ fontFamily: theme.typography.fontFamilyMonospace }),
    rows: css({ flex: 1, overflow: 'auto', minHeight: 0 }),
    row: css({ display: 'flex', height: 26, alignItems: 'stretch', '&:hover': { background: theme.colors.action.hover } }),
    scale: css({ position: 'sticky', top: 0, zIndex: 1, background: theme.colors.background.secondary, borderBottom: line, color: theme.colors.text.secondary, '&:hover': { background: theme.colors.background.secondary } }),
    name: css({ width: 'clamp(130px, 36%, 420px)', flexShrink: 0, display: 'flex', alignItems: 'center', gap: 2, paddingLeft: 8, borderRight: line, overflow: 'hidden', whiteSpace: 'nowrap' }),
    fold: css({ ...plain, width: 16, height: 16, flexShrink: 0, display: 'flex', alignItems: 'center', justifyContent: 'center' }),
    label: css({ ...plain, borderLeft: '3px solid', paddingLeft: 6, overflow: 'hidden', textOverflow: 'ellipsis', minWidth: 0, span: { color: theme.colors.text.secondary } }),
    failed: css({ color: theme.colors.error.text, marginRight: 4 }),
    lane: css({
      ...plain,
      position: 'relative',
      flex: 1,
      margin: theme.spacing(0, 1),
      overflow: 'hidden',
      fontFeatureSettings: '"tnum"',
      i: { position: 'absolute', top: 7, height: 12, borderRadius: 2 },
      span: { position: 'absolute', top: 4, lineHeight: '18px', whiteSpace: 'nowrap', color: theme.colors.text.secondary },
    }),
    details: css({
      padding: theme.spacing(1, 2, 1, 4),
      background: theme.colors.background.secondary,
      borderBottom: line,
      p: { margin: theme.spacing(0, 0, 0.5) },
      dl: { margin: 0 },
      div: { display: 'flex', gap: theme.spacing(2) },
      dt: { width: 220, flexShrink: 0, color: theme.colors.text.secondary, wordBreak: 'break-all', fontWeight: 400 },
      dd: { margin: 0, wordBreak: 'break-word', fontFamily: theme.typography.fontFamilyMonospace },
    }),
  };
};
