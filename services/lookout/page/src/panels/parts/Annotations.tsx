import { css } from '@emotion/css';
import { colorManipulator, dateTimeFormat, type GrafanaTheme2, textUtil } from '@grafana/data';
import { Tag, Tooltip, type UPlotConfigBuilder, useStyles2, useTheme2 } from '@grafana/ui';
import { useContext } from 'react';
import type { AnnotationEvent } from '../../dashboard/annotations';
import { AnnotationsContext } from '../../dashboard/context';
import { Overlay, own } from './overlay';

function Card({ event, timeZone }: { event: AnnotationEvent; timeZone: string }) {
  const styles = useStyles2(getStyles);
  const at = (time: number) => dateTimeFormat(time, { timeZone });
  return (
    <div className={styles.card}>
      <strong>{event.title || event.source}</strong>
      <small>{event.timeEnd ? `${at(event.time)} – ${at(event.timeEnd)}` : at(event.time)}</small>
      {event.text && <div dangerouslySetInnerHTML={{ __html: textUtil.sanitize(event.text) }} />}
      {event.tags.length > 0 && (
        <div className={styles.tags}>
          {event.tags.map((tag) => (
            <Tag key={tag} name={tag} />
          ))}
        </div>
      )}
    </div>
  );
}

/** Annotations as dashed lines, and shaded regions where they have an end, over a time series. */
export function Annotations({ config, timeZone }: { config: UPlotConfigBuilder; timeZone: string }) {
  const events = useContext(AnnotationsContext);
  const styles = useStyles2(getStyles);
  const theme = useTheme2();
  if (events.length === 0) {
    return null;
  }
  return (
    <Overlay config={config}>
      {(u) =>
        events.map((event, index) => {
          const x = config.scaleKeys[0] ?? 'x';
          const end = u.over.clientWidth;
          const left = u.valToPos(event.time, x);
          const right = event.timeEnd === undefined ? left : u.valToPos(event.timeEnd, x);
          if (right < 0 || left > end) {
            return null;
          }
          const from = Math.max(0, left);
          const width = Math.min(end, right) - from;
          const color = theme.visualization.getColorByName(event.color);
          return (
            <div key={`${event.time}-${index}`} className={styles.event} style={{ left: from, width: Math.max(0, width) }}>
              <div
                className={styles.line}
                style={{ borderColor: color, background: width > 0 ? colorManipulator.alpha(color, 0.12) : undefined }}
              />
              <Tooltip content={<Card event={event} timeZone={timeZone} />}>
                <button
                  type="button"
                  ref={own}
                  className={styles.mark}
                  aria-label={event.title || event.text || event.source}
                  style={
                    width > 4 ? { width, margin: 0, background: color, height: 4 } : { borderBottomColor: color, borderBottomWidth: 6 }
                  }
                />
              </Tooltip>
            </div>
          );
        })
      }
    </Overlay>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  event: css({ position: 'absolute', top: 0, bottom: 0, pointerEvents: 'none', zIndex: 1 }),
  line: css({ position: 'absolute', inset: 0, borderLeft: '1px dashed', borderRight: '1px dashed' }),
  mark: css({
    position: 'absolute',
    left: 0,
    bottom: -6,
    width: 0,
    height: 0,
    margin: '0 0 0 -5px',
    padding: 0,
    background: 'none',
    border: '0 solid transparent',
    borderLeftWidth: 5,
    borderRightWidth: 5,
    pointerEvents: 'auto',
  }),
  card: css({ display: 'flex', flexDirection: 'column', gap: theme.spacing(0.5), maxWidth: 320 }),
  tags: css({ display: 'flex', flexWrap: 'wrap', gap: 4 }),
});
