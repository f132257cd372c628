import { css, cx } from '@emotion/css';
import { type GrafanaTheme2, renderTextPanelMarkdown, textUtil } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { useMemo } from 'react';
import type { PanelProps } from './types';

/** Markdown or HTML as the author wrote it, without anything that could run. */
export function textHtml(mode: string, content: string): string {
  return mode === 'html' ? textUtil.sanitizeTextPanelContent(content) : renderTextPanelMarkdown(content);
}

export default function TextPanel({ options, replace }: PanelProps) {
  const styles = useStyles2(getStyles);
  const mode = String(options.mode ?? 'markdown');
  // Values of variables are text, not markup: where they go into HTML they are escaped.
  const content = replace(String(options.content ?? ''), {}, mode === 'code' ? undefined : 'html');
  const html = useMemo(() => (mode === 'code' ? '' : textHtml(mode, content)), [mode, content]);
  if (mode === 'code') {
    return <pre className={styles.code}>{content}</pre>;
  }
  return <div className={cx('markdown-html', styles.text)} dangerouslySetInnerHTML={{ __html: html }} />;
}

const getStyles = (theme: GrafanaTheme2) => ({
  text: css({ height: '100%', overflow: 'auto', '> *:first-child': { marginTop: 0 }, img: { maxWidth: '100%' } }),
  code: css({ height: '100%', margin: 0, overflow: 'auto', fontFamily: theme.typography.fontFamilyMonospace, whiteSpace: 'pre-wrap' }),
});
