type Versions = Record<string, unknown>;

const isVersion = (key: string | undefined) => key !== undefined && /^\d/.test(key);
const later = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true });

/** Names by which tests find the component library's elements: of each, the one that its latest version has. */
export function resolveSelectors(group: Versions): Versions {
  return Object.fromEntries(
    Object.entries(group).map(([name, value]) => {
      const keys = Object.keys(value as Versions);
      return [name, isVersion(keys[0]) ? (value as Versions)[keys.sort(later).at(-1) as string] : resolveSelectors(value as Versions)];
    }),
  );
}
