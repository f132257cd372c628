/** Stands in for the themes that are read from JSON: here are a dark and a light one, made by `createTheme`. */
export const getBuiltInThemes = (): never[] => [];
export const getThemeById = (): undefined => undefined;
