import { isValidElement, type ReactNode } from 'react';

function textOf(node: ReactNode): string {
  if (Array.isArray(node)) {
    return node.map(textOf).join('');
  }
  if (isValidElement(node)) {
    return textOf((node.props as { children?: ReactNode }).children);
  }
  return typeof node === 'string' || typeof node === 'number' ? String(node) : '';
}

/** The component library renders to a string only to have the text of what it cuts short. */
export default { renderToStaticMarkup: textOf };
