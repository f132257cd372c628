import { createTheme, type GrafanaTheme2, ThemeContext } from '@grafana/data';
import { GlobalStyles, PortalContainer } from '@grafana/ui';
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { setParams, usePlace } from './location';

export type Mode = 'dark' | 'light';

const stored = 'lookout.theme';
const ModeContext = createContext<{ mode: Mode; toggle: () => void }>({ mode: 'dark', toggle: () => undefined });

function initialMode(asked: string | null): Mode {
  if (asked === 'light' || asked === 'dark') {
    return asked;
  }
  if (asked === 'system') {
    return window.matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark';
  }
  return window.localStorage.getItem(stored) === 'light' ? 'light' : 'dark';
}

/** Grafana's dark or light theme for everything below: from `?theme=`, else what the reader chose last. */
export function Themed({ children }: { children: ReactNode }) {
  const asked = usePlace().params.get('theme');
  const [chosen, setChosen] = useState<Mode>(() => initialMode(null));
  const mode = asked ? initialMode(asked) : chosen;
  const theme: GrafanaTheme2 = useMemo(() => {
    const made = createTheme({ colors: { mode } });
    made.flags = { ...made.flags };
    return made;
  }, [mode]);
  useEffect(() => {
    document.body.className = `theme-${mode}`;
    document.body.style.background = theme.colors.background.canvas;
  }, [mode, theme]);
  const toggle = () => {
    const next: Mode = mode === 'dark' ? 'light' : 'dark';
    window.localStorage.setItem(stored, next);
    setChosen(next);
    if (asked) {
      setParams({ theme: next }, { replace: true });
    }
  };
  return (
    <ThemeContext.Provider value={theme}>
      <ModeContext.Provider value={{ mode, toggle }}>
        <GlobalStyles />
        {children}
        <PortalContainer />
      </ModeContext.Provider>
    </ThemeContext.Provider>
  );
}

export const useMode = () => useContext(ModeContext);
