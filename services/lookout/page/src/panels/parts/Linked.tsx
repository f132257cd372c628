import type { FieldDisplay } from '@grafana/data';
import { DataLinksContextMenu } from '@grafana/ui';
import type { MouseEventHandler, ReactElement } from 'react';

/** A value with its data links: one opens by a click, several by a menu. */
export function Linked({ value, children }: { value: FieldDisplay; children: (onClick?: MouseEventHandler<HTMLElement>) => ReactElement }) {
  if (!value.hasLinks || !value.getLinks) {
    return children();
  }
  const links = value.getLinks;
  return <DataLinksContextMenu links={links}>{(api) => children(api.openMenu)}</DataLinksContextMenu>;
}
