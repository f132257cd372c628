import { css } from '@emotion/css';
import { type DataFrame, dateTimeFormat, type Field, FieldType, formattedValueToString, type GrafanaTheme2 } from '@grafana/data';
import { Tooltip, type UPlotConfigBuilder, useStyles2 } from '@grafana/ui';
import { useTools } from '../../dashboard/context';
import { type Exemplar, exemplarsOf, traceOf } from './exemplarData';
import { Overlay, own } from './overlay';

function Card({ exemplar, field, timeZone, link }: { exemplar: Exemplar; field?: Field; timeZone: string; link: boolean }) {
  const styles = useStyles2(getStyles);
  const shown = field?.display?.(exemplar.value);
  return (
    <div className={styles.card}>
      <strong>{dateTimeFormat(exemplar.time, { timeZone, defaultWithMS: true })}</strong>
      <table>
        <tbody>
          <tr>
            <td>Value</td>
            <td>{shown ? formattedValueToString(shown) : exemplar.value}</td>
          </tr>
          {Object.entries(exemplar.labels).map(([name, value]) => (
            <tr key={name}>
              <td>{name}</td>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {link && <em>Click to open the trace</em>}
    </div>
  );
}

/** Exemplars as diamonds on a time series; a click opens the trace that one names. */
export function Exemplars(props: { config: UPlotConfigBuilder; frames: DataFrame[]; aligned: DataFrame; timeZone: string }) {
  const { config, frames, aligned, timeZone } = props;
  const styles = useStyles2(getStyles);
  const { sources, openTrace } = useTools();
  const exemplars = exemplarsOf(frames);
  const field = aligned.fields.find((each) => each.type === FieldType.number);
  if (exemplars.length === 0) {
    return null;
  }
  return (
    <Overlay config={config}>
      {(u) => {
        const [x = 'x', y = 'y'] = config.scaleKeys;
        const scale = u.scales[y];
        if (scale?.min === undefined || scale.max === undefined || scale.min === null || scale.max === null) {
          return null;
        }
        const { min, max } = scale;
        return exemplars.map((exemplar) => {
          const left = u.valToPos(exemplar.time, x);
          if (!(left >= 0 && left <= u.over.clientWidth)) {
            return null;
          }
          const top = u.valToPos(Math.min(max, Math.max(min, exemplar.value)), y);
          const trace = traceOf(exemplar, sources);
          const open = () => trace && openTrace(trace.sourceUid, trace.traceId);
          return (
            <Tooltip key={exemplar.key} content={<Card exemplar={exemplar} field={field} timeZone={timeZone} link={!!trace} />}>
              <button
                type="button"
                ref={own}
                className={styles.mark}
                style={{ left, top, cursor: trace ? 'pointer' : 'default' }}
                data-exemplar={trace?.traceId ?? ''}
                aria-label={trace ? `Exemplar: open trace ${trace.traceId}` : 'Exemplar'}
                onClick={open}
              />
            </Tooltip>
          );
        });
      }}
    </Overlay>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  mark: css({
    position: 'absolute',
    width: 9,
    height: 9,
    margin: '-4.5px 0 0 -4.5px',
    padding: 0,
    transform: 'rotate(45deg)',
    background: theme.visualization.getColorByName('dark-blue'),
    border: `1px solid ${theme.colors.background.primary}`,
    borderRadius: 1,
    zIndex: 2,
    '&:hover, &:focus-visible': { background: theme.visualization.getColorByName('light-blue'), transform: 'rotate(45deg) scale(1.5)' },
  }),
  card: css({
    td: { padding: '1px 12px 1px 0', verticalAlign: 'top', wordBreak: 'break-all' },
    'td:first-child': { color: theme.colors.text.secondary, whiteSpace: 'nowrap' },
    em: { color: theme.colors.text.link, fontStyle: 'normal' },
  }),
});
