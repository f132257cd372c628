import interUrl from '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2?url';
import monoUrl from '@fontsource/roboto-mono/files/roboto-mono-latin-400-normal.woff2?url';
import { css } from '@emotion/react';

/** The theme's two fonts: one variable file for every weight of Inter, and Roboto Mono. */
export function getFontStyles() {
  return css([
    {
      '@font-face': {
        fontFamily: 'Inter',
        fontStyle: 'normal',
        fontWeight: '100 900',
        fontDisplay: 'swap',
        src: `url('${interUrl}') format('woff2')`,
      },
    },
    {
      '@font-face': {
        fontFamily: 'Roboto Mono',
        fontStyle: 'normal',
        fontWeight: 400,
        fontDisplay: 'swap',
        src: `url('${monoUrl}') format('woff2')`,
      },
    },
  ]);
}
