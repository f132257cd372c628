import { rangeUtil } from '@grafana/data';
import { selectors } from '@grafana/e2e-selectors';
import { t } from '@grafana/i18n';
import ReactDOMServer from 'react-dom/server';
import { createElement, isValidElement, type ReactNode } from 'react';
import { describe, expect, it } from 'vitest';
import { Trans } from '../../src/stubs/i18n';
import stub from '../../src/stubs/server';

describe('texts of the component library', () => {
  it('are the English ones, with their values put in', () => {
    expect(t('a.key', 'Menu for panel {{ title }}', { title: 'CPU' })).toBe('Menu for panel CPU');
    expect(t('a.key', 'Nothing to put in')).toBe('Nothing to put in');
  });

  it('come in the singular and in the plural', () => {
    expect(rangeUtil.describeTextRange('now-24h').display).toBe('Last 24 hours');
    expect(rangeUtil.describeTextRange('now-1h').display).toBe('Last 1 hour');
  });

  it('keep the elements that are among them', () => {
    // React's types know nothing of values that are written as objects.
    const written = (...parts: unknown[]) => parts as ReactNode[];
    const made = Trans({ children: written('Filter for ', { value: 7 }, createElement('b', null, written('now ', { when: 'once' }))) });
    const [before, value, bold] = made as ReactNode[];
    expect([before, value]).toEqual(['Filter for ', '7']);
    expect(isValidElement<{ children: string[] }>(bold) && bold.props.children).toEqual(['now ', 'once']);
  });
});

it('the text of what is cut short is that of its elements', () => {
  expect(ReactDOMServer).toBe(stub);
  expect(stub.renderToStaticMarkup(createElement('p', null, 'one ', createElement('b', null, 2), null))).toBe('one 2');
});

it('elements have the names that the latest version of the component library gives them', () => {
  expect(selectors.components.Panels.Panel.title('CPU')).toBe('data-testid Panel header CPU');
});
