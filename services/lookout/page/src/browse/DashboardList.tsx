import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Alert, FilterInput, Icon, LoadingPlaceholder, Tag, useStyles2 } from '@grafana/ui';
import { useEffect, useMemo, useState } from 'react';
import { search } from '../api/calls';
import type { SearchHit } from '../api/types';
import { setParams, usePlace } from '../app/location';
import { markReady } from '../app/ready';
import { TopBar } from '../app/TopBar';

interface Folder {
  uid: string;
  title: string;
  dashboards: SearchHit[];
}

/** Dashboards under their folders, by title; those in no folder last. */
export function group(hits: SearchHit[]): Folder[] {
  const folders = new Map<string, Folder>();
  for (const hit of hits.filter((one) => one.type === 'dash-folder')) {
    folders.set(hit.uid, { uid: hit.uid, title: hit.title, dashboards: [] });
  }
  for (const hit of hits.filter((one) => one.type === 'dash-db')) {
    const uid = hit.folderUid ?? '';
    const folder = folders.get(uid) ?? { uid, title: hit.folderTitle ?? (uid || 'Dashboards'), dashboards: [] };
    folder.dashboards.push(hit);
    folders.set(uid, folder);
  }
  const byTitle = <T extends { title: string }>(a: T, b: T) => a.title.localeCompare(b.title);
  return [...folders.values()]
    .map((folder) => ({ ...folder, dashboards: folder.dashboards.sort(byTitle) }))
    .sort((a, b) => Number(a.uid === '') - Number(b.uid === '') || byTitle(a, b));
}

/** All dashboards, with a search over their titles and tags. */
export default function DashboardList() {
  const styles = useStyles2(getStyles);
  const { params } = usePlace();
  const [hits, setHits] = useState<SearchHit[]>();
  const [error, setError] = useState('');
  const query = params.get('query') ?? '';
  const tags = params.getAll('tag');
  const only = params.get('folder');
  useEffect(() => {
    document.title = 'Dashboards - Lookout';
    let live = true;
    search({ limit: 5000 })
      .then((found) => live && setHits(found ?? []))
      .catch((caught: unknown) => live && setError(caught instanceof Error ? caught.message : String(caught)));
    return () => {
      live = false;
    };
  }, []);
  useEffect(() => markReady(hits !== undefined || error !== ''), [hits, error]);
  const folders = useMemo(() => {
    const word = query.toLowerCase();
    const matches = (hit: SearchHit) =>
      (hit.title.toLowerCase().includes(word) || hit.tags?.some((tag) => tag.toLowerCase().includes(word))) && tags.every((tag) => hit.tags?.includes(tag));
    return group((hits ?? []).filter((hit) => hit.type === 'dash-folder' || matches(hit)))
      .filter((folder) => !only || folder.uid === only)
      .filter((folder) => folder.dashboards.length > 0 || (word === '' && tags.length === 0));
  }, [hits, query, tags.join('\n'), only]);
  return (
    <>
      <TopBar crumbs={[{ text: 'Dashboards' }]} />
      <main className={styles.page}>
        <h1>Dashboards</h1>
        <div className={styles.filters}>
          <FilterInput placeholder="Search for dashboards" value={query} onChange={(text) => setParams({ query: text || undefined }, { replace: true })} escapeRegex={false} />
          {tags.map((tag) => (
            <Tag key={tag} name={tag} onClick={() => setParams({ tag: tags.filter((one) => one !== tag) })} />
          ))}
          {(only || tags.length > 0) && <a href="/dashboards">All dashboards</a>}
        </div>
        {error && <Alert title="Dashboards cannot be listed" severity="error">{error}</Alert>}
        {!hits && !error && <LoadingPlaceholder text="Loading…" />}
        {hits && folders.length === 0 && <p className={styles.none}>{query ? `No dashboard matches "${query}".` : 'There are no dashboards yet.'}</p>}
        {folders.map((folder) => (
          <section key={folder.uid} data-folder={folder.uid}>
            <h2 className={styles.folder}>
              <Icon name="folder" /> {folder.title}
            </h2>
            <ul className={styles.list}>
              {folder.dashboards.map((hit) => (
                <li key={hit.uid}>
                  <a href={hit.url} className={styles.item}>
                    <Icon name="apps" />
                    <span>{hit.title}</span>
                  </a>
                  <span className={styles.tags}>
                    {hit.tags?.map((tag) => (
                      <Tag key={tag} name={tag} onClick={() => setParams({ tag: [...new Set([...tags, tag])] })} />
                    ))}
                  </span>
                </li>
              ))}
              {folder.dashboards.length === 0 && <li className={styles.none}>Empty folder</li>}
            </ul>
          </section>
        ))}
      </main>
    </>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  page: css({ maxWidth: 960, margin: '0 auto', padding: theme.spacing(3, 2) }),
  filters: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1), marginBottom: theme.spacing(2), '> div:first-of-type': { flex: 1, minWidth: 220 } }),
  folder: css({ ...theme.typography.h5, display: 'flex', alignItems: 'center', gap: theme.spacing(1), margin: theme.spacing(3, 0, 1) }),
  list: css({
    listStyle: 'none',
    background: theme.colors.background.primary,
    border: `1px solid ${theme.colors.border.weak}`,
    borderRadius: theme.shape.radius.default,
    li: { display: 'flex', alignItems: 'center', gap: theme.spacing(1), padding: theme.spacing(0, 2, 0, 0), '&:not(:last-child)': { borderBottom: `1px solid ${theme.colors.border.weak}` } },
  }),
  item: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(1), flex: 1, minWidth: 0, padding: theme.spacing(1.25, 2), color: theme.colors.text.primary, '&:hover': { textDecoration: 'underline' }, span: { overflow: 'hidden', textOverflow: 'ellipsis' } }),
  tags: css({ display: 'flex', flexWrap: 'wrap', gap: 4 }),
  none: css({ color: theme.colors.text.secondary, padding: theme.spacing(1.25, 2) }),
});
