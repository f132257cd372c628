import { css } from '@emotion/css';
import type { DataFrame, GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';

/** Says in the middle of a panel why it shows nothing. */
export function NoData({ text, frames }: { text?: string; frames?: DataFrame[] }) {
  const styles = useStyles2(getStyles);
  const own = frames?.flatMap((frame) => frame.fields.map((field) => field.config.noValue)).find(Boolean);
  return (
    <div className={styles.box} data-testid="no-data">
      {own ?? text ?? 'No data'}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  box: css({
    display: 'flex',
    alignItems: 'center',
    justifyContent: 'center',
    height: '100%',
    padding: theme.spacing(1),
    textAlign: 'center',
    overflow: 'auto',
    color: theme.colors.text.secondary,
    ...theme.typography.body,
  }),
});
