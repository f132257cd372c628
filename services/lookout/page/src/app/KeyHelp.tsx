import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Modal, useStyles2 } from '@grafana/ui';

const help: Array<[string, string]> = [
  ['d k', 'Show the panels alone (kiosk)'],
  ['d r', 'Refresh all panels'],
  ['d C', 'Close all rows'],
  ['d E', 'Open all rows'],
  ['d l', 'Light or dark theme'],
  ['t z', 'Zoom out'],
  ['t ←', 'Move back in time'],
  ['t →', 'Move forward in time'],
  ['v', 'View the panel under the pointer alone'],
  ['Esc', 'Back to the dashboard'],
  ['g d', 'All dashboards'],
  ['?', 'This help'],
];

export function KeyHelp({ onClose }: { onClose: () => void }) {
  const styles = useStyles2(getStyles);
  return (
    <Modal title="Keys" isOpen={true} onDismiss={onClose}>
      <table className={styles.table}>
        <tbody>
          {help.map(([keys, text]) => (
            <tr key={keys}>
              <td>
                {keys.split(' ').map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </td>
              <td>{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Modal>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  table: css({ td: { padding: theme.spacing(0.5, 2, 0.5, 0) }, kbd: { marginRight: 4 } }),
});
