import { ALL, type Binding, type Scope, type VariableMap, type VariableState } from './types';

/** The text that stands for a variable's choice. */
export function textOf(state: VariableState): string {
  if (state.values[0] === ALL) {
    return 'All';
  }
  return state.values.map((value) => state.options.find((option) => option.value === value)?.text ?? value).join(' + ');
}

function bindingOf(state: VariableState): Binding {
  const { def, values, options } = state;
  const several = def.multi === true || def.includeAll === true;
  const text = textOf(state);
  if (values[0] === ALL) {
    return def.allValue
      ? { value: def.allValue, text, verbatim: true }
      : { value: options.filter((option) => option.value !== ALL).map((option) => option.value), text, multi: several };
  }
  if (def.type === 'constant' || def.type === 'interval') {
    return { value: values[0] ?? '', text };
  }
  return { value: def.multi ? values : (values[0] ?? ''), text, multi: several };
}

/** Names of a dashboard's variables, with their choice; `$__all` becomes every option, or the custom value for All. */
export const variableScope =
  (variables: VariableMap): Scope =>
  (name, field) => {
    const state = variables.get(name);
    if (!state) {
      return undefined;
    }
    const binding = bindingOf(state);
    return field === 'text' ? { value: binding.text ?? '', verbatim: true } : binding;
  };

/** Variables as the address has them: `var-name=value`, several times where several are chosen. */
export function variableParams(variables: VariableMap): Array<[string, string]> {
  return [...variables.values()]
    .filter((state) => !state.def.skipUrlSync && state.def.type !== 'constant')
    .flatMap((state) => state.values.map((value): [string, string] => [`var-${state.def.name}`, value]));
}
