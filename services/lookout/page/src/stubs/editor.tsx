/** Stands in for the code editors of the component library: dashboards are shown here, not edited. */
export const CodeEditor = (): null => null;
export const ReactMonacoEditorLazy = CodeEditor;
export const ReactMonacoEditor = CodeEditor;
export const CodeMirrorEditor = CodeEditor;
export const UnthemedQueryField = CodeEditor;
export const QueryField = CodeEditor;
export default CodeEditor;
