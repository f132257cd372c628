import {
  FieldConfigOptionsRegistry,
  type FieldConfigPropertyItem,
  displayNameOverrideProcessor,
  type Field,
  identityOverrideProcessor,
  monacoLanguageRegistry,
  standardFieldConfigEditorRegistry,
  standardTransformers,
  standardTransformersRegistry,
  type TransformerRegistryItem,
} from '@grafana/data';

/** Ids of the standard field options, as dashboards name them in `fieldConfig`. */
const standardOptions = [
  'unit', 'min', 'max', 'decimals', 'displayName', 'noValue', 'color', 'thresholds', 'mappings', 'links', 'filterable',
  'fieldMinMax', 'description', 'actions',
];

/** Ids under `fieldConfig.defaults.custom` that the panels of this page read. */
const customOptions = [
  'drawStyle', 'lineInterpolation', 'lineWidth', 'lineStyle', 'fillOpacity', 'gradientMode', 'fillBelowTo', 'fillColor',
  'lineColor', 'showPoints', 'pointSize', 'pointColor', 'spanNulls', 'insertNulls', 'barAlignment', 'barMaxWidth', 'barWidthFactor',
  'stacking', 'transform', 'thresholdsStyle', 'hideFrom', 'scaleDistribution', 'axisPlacement', 'axisLabel',
  'axisWidth', 'axisSoftMin', 'axisSoftMax', 'axisGridShow', 'axisCenteredZero', 'axisColorMode', 'axisBorderShow',
  'align', 'cellOptions', 'displayMode', 'width', 'minWidth', 'hidden', 'filterable', 'inspect', 'wrapText', 'wrapHeaderText', 'hideHeader', 'footer',
];

/** Options that mean nothing on a time axis: an axis label there would name the wrong axis. */
const valueOnly = new Set(['axisLabel', 'axisPlacement', 'axisSoftMin', 'axisSoftMax', 'unit', 'decimals', 'min', 'max', 'noValue']);

function item(id: string, isCustom: boolean): FieldConfigPropertyItem {
  const path = id;
  return {
    id: isCustom ? `custom.${id}` : id,
    path,
    name: id,
    description: '',
    isCustom,
    editor: () => null,
    override: () => null,
    process: id === 'displayName' ? displayNameOverrideProcessor : identityOverrideProcessor,
    shouldApply: (field: Field) => !(valueOnly.has(id) && field.type === 'time'),
    settings: {},
    hideFromDefaults: false,
    hideFromOverrides: false,
  } as unknown as FieldConfigPropertyItem;
}

/** What `applyFieldOverrides` may set; ids that are not here are left alone. */
export const fieldConfigRegistry = new FieldConfigOptionsRegistry(() => [
  ...standardOptions.map((id) => item(id, false)),
  ...customOptions.map((id) => item(id, true)),
]);

/** Transformations that dashboards use here; one that is not in the list is named in the panel. */
export function knownTransformation(id: string): boolean {
  return standardTransformersRegistry.getIfExists(id) !== undefined;
}

let done = false;

/** Fills the library's registries; once. */
export function fillRegistries(): void {
  if (done) {
    return;
  }
  done = true;
  standardFieldConfigEditorRegistry.setInit(() => standardOptions.map((id) => item(id, false)));
  monacoLanguageRegistry.setInit(() => []);
  const byId = new Map<string, TransformerRegistryItem>();
  for (const info of Object.values(standardTransformers)) {
    const id = String(info.id);
    byId.set(id, {
      id,
      name: info.name,
      description: info.description,
      transformation: () => Promise.resolve(info),
      editor: () => null,
      imageDark: '',
      imageLight: '',
    } as unknown as TransformerRegistryItem);
  }
  standardTransformersRegistry.setInit(() => [...byId.values()]);
}
