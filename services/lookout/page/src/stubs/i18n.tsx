import { Children, cloneElement, isValidElement, type ReactElement, type ReactNode } from 'react';

type Values = Record<string, unknown>;

/** The English text of the component library, which stands beside each key: there are no translations here to look up. */
export function t(_key: string, text: string, values: Values = {}): string {
  // A text that depends on a number comes in two forms among the values.
  const chosen = text || String(values[values.count === 1 ? 'defaultValue_one' : 'defaultValue_other'] ?? '');
  return chosen.replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

/** A value among the text is written as an object of one property: `{{ count }}`. */
function filled(node: ReactNode): ReactNode {
  if (Array.isArray(node)) {
    return Children.toArray(node.map(filled));
  }
  if (isValidElement(node)) {
    const element = node as ReactElement<{ children?: ReactNode }>;
    return element.props.children === undefined ? node : cloneElement(element, undefined, filled(element.props.children));
  }
  return node && typeof node === 'object' ? String(Object.values(node)[0]) : node;
}

/** Text with elements in it, as it is written. */
export function Trans({ children }: { i18nKey?: string; children?: ReactNode }): ReactNode {
  return filled(children);
}
