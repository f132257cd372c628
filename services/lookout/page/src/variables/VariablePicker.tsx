import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Combobox, type ComboboxOption, Icon, Input, MultiCombobox, Tooltip, useStyles2 } from '@grafana/ui';
import { memo, useState } from 'react';
import { setParams } from '../app/location';
import { ALL, type VariableState } from './types';

const hidesLabel = (hide: unknown) => hide === 1 || hide === 'hideLabel';

/** Whether a variable has a control at all. */
export const isShown = (state: VariableState): boolean =>
  state.def.hide !== 2 && state.def.hide !== 'hideVariable' && state.def.type !== 'constant';

const set = (name: string, values: string[]) => setParams({ [`var-${name}`]: values });

function TextBox({ name, id, value }: { name: string; id: string; value: string }) {
  const [text, setText] = useState(value);
  const [before, setBefore] = useState(value);
  if (before !== value) {
    setBefore(value);
    setText(value);
  }
  return (
    <Input
      id={id}
      width={24}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={() => text !== value && set(name, [text])}
      onKeyDown={(event) => event.key === 'Enter' && set(name, [text])}
    />
  );
}

/** Choosing several: All alone stands for all, and gives way to whatever is chosen next. */
export function nextValues(before: string[], picked: string[], includeAll: boolean): string[] {
  if (picked.length === 0) {
    return includeAll ? [ALL] : before;
  }
  if (picked.includes(ALL)) {
    return before.includes(ALL) && picked.length > 1 ? picked.filter((value) => value !== ALL) : [ALL];
  }
  return picked;
}

/** The control of one variable above a dashboard. */
export const VariablePicker = memo(function VariablePicker({ state, loading }: { state: VariableState; loading: boolean }) {
  const styles = useStyles2(getStyles);
  const { def, options, values, error } = state;
  const id = `var-${def.name}`;
  const custom = def.allowCustomValue !== false && ['query', 'custom'].includes(def.type);
  const all: ComboboxOption[] = def.includeAll ? [{ label: 'All', value: ALL }] : [];
  const choices: ComboboxOption[] = [...all, ...options.map((option) => ({ label: option.text, value: option.value }))];
  const labelOf = (value: string): ComboboxOption =>
    choices.find((one) => one.value === value) ?? { label: value === ALL ? 'All' : value, value };
  const single = values[0];
  return (
    <div className={styles.variable} data-variable={def.name}>
      {!hidesLabel(def.hide) && (
        <label htmlFor={id} className={styles.label}>
          {def.label || def.name}
          {def.description && (
            <Tooltip content={def.description}>
              <Icon name="info-circle" size="sm" />
            </Tooltip>
          )}
          {error && (
            <Tooltip content={error}>
              <Icon name="exclamation-triangle" size="sm" className={styles.error} />
            </Tooltip>
          )}
        </label>
      )}
      <div className={hidesLabel(def.hide) ? undefined : styles.joined}>
        {def.type === 'textbox' ? (
          <TextBox name={def.name} id={id} value={single ?? ''} />
        ) : def.multi ? (
          <MultiCombobox
            id={id}
            value={values.map(labelOf)}
            options={choices}
            width="auto"
            minWidth={14}
            maxWidth={60}
            loading={loading}
            createCustomValue={custom}
            onChange={(picked) =>
              set(
                def.name,
                nextValues(
                  values,
                  picked.map((one) => one.value),
                  def.includeAll === true,
                ),
              )
            }
          />
        ) : (
          <Combobox
            id={id}
            value={single === undefined ? null : labelOf(single)}
            options={choices}
            width="auto"
            minWidth={10}
            maxWidth={48}
            loading={loading}
            createCustomValue={custom}
            placeholder={error ? 'Not available' : 'Nothing to choose'}
            onChange={(picked) => set(def.name, [picked.value])}
          />
        )}
      </div>
    </div>
  );
});

const getStyles = (theme: GrafanaTheme2) => ({
  variable: css({ display: 'flex', alignItems: 'stretch', minWidth: 0, maxWidth: '100%' }),
  label: css({
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(0.5),
    padding: theme.spacing(0, 1),
    height: theme.spacing(4),
    whiteSpace: 'nowrap',
    background: theme.colors.background.primary,
    border: `1px solid ${theme.components.input.borderColor}`,
    borderRight: 'none',
    borderRadius: `${theme.shape.radius.default} 0 0 ${theme.shape.radius.default}`,
    ...theme.typography.bodySmall,
    fontWeight: theme.typography.fontWeightMedium,
  }),
  joined: css({ minWidth: 0, 'input, [class*="input-wrapper"] > div': { borderTopLeftRadius: 0, borderBottomLeftRadius: 0 } }),
  error: css({ color: theme.colors.warning.text }),
});
