import * as monaco from 'monaco-editor/editor'
import 'monaco-editor/features/register.all'
import 'monaco-editor/languages/definitions/markdown/register'
import 'monaco-editor/languages/definitions/yaml/register'
import { jsonConfiguration, jsonGrammar, regoConfiguration, regoGrammar } from './rego-language.ts'

// Monaco asks for it by this name. Of its workers only the one for differences and links is used.
const getWorker = (): Worker => new Worker(new URL('./editor-worker.ts', import.meta.url), { type: 'module' })
Object.assign(globalThis, { MonacoEnvironment: { getWorker } })

for (const [id, extension, configuration, grammar] of [
  ['rego', '.rego', regoConfiguration, regoGrammar],
  ['json', '.json', jsonConfiguration, jsonGrammar],
] as const) {
  monaco.languages.register({ id, extensions: [extension] })
  monaco.languages.setLanguageConfiguration(id, configuration)
  monaco.languages.setMonarchTokensProvider(id, grammar)
}

/** The design's editor theme, of the tokens as they are now: call it again when the theme changes. */
export function applyTheme(theme: 'dark' | 'light'): void {
  const style = getComputedStyle(document.documentElement)
  const colour = (token: string): string => style.getPropertyValue(`--${token}`).trim()
  const bare = (token: string): string => colour(token).replace('#', '')
  monaco.editor.defineTheme('everyhop', {
    base: theme === 'dark' ? 'vs-dark' : 'vs',
    inherit: false,
    rules: [
      { token: '', foreground: bare('fg'), background: bare('bg-sunken') },
      { token: 'keyword', foreground: bare('accent') },
      { token: 'variable.predefined', foreground: bare('fg'), fontStyle: '' },
      { token: 'key', foreground: bare('accent') },
      { token: 'type', foreground: bare('accent') },
      { token: 'tag', foreground: bare('accent') },
      { token: 'string', foreground: bare('ok') },
      { token: 'number', foreground: bare('warn') },
      { token: 'string.invalid', foreground: bare('fail') },
      { token: 'comment', foreground: bare('fg-faint') },
    ],
    colors: {
      'editor.background': colour('bg-sunken'),
      'editor.foreground': colour('fg'),
      'editorCursor.foreground': colour('fg'),
      'editorLineNumber.foreground': colour('fg-faint'),
      // Else Monaco draws the number behind a last line break too faintly to read.
      'editorLineNumber.dimmedForeground': colour('fg-faint'),
      'editorLineNumber.activeForeground': colour('fg'),
      'editor.lineHighlightBackground': `${colour('bg-select')}80`,
      'editor.selectionBackground': `${colour('accent-line')}66`,
      'editor.inactiveSelectionBackground': `${colour('accent-line')}33`,
      'editor.wordHighlightBackground': `${colour('accent-line')}33`,
      'editor.wordHighlightStrongBackground': `${colour('accent-line')}44`,
      'editor.findMatchBackground': `${colour('warn-line')}88`,
      'editor.findMatchHighlightBackground': `${colour('warn-line')}44`,
      'editorIndentGuide.background1': colour('line-subtle'),
      'editorIndentGuide.activeBackground1': colour('line-strong'),
      'editorBracketMatch.background': `${colour('accent-line')}33`,
      'editorBracketMatch.border': colour('line-strong'),
      'editorError.foreground': colour('fail-line'),
      'editorWarning.foreground': colour('warn-line'),
      'editorInfo.foreground': colour('accent-line'),
      'editorGutter.background': colour('bg-sunken'),
      'editorWidget.background': colour('bg-panel'),
      'editorWidget.foreground': colour('fg'),
      'editorWidget.border': colour('line'),
      'editorHoverWidget.background': colour('bg-panel'),
      'editorHoverWidget.foreground': colour('fg'),
      'editorHoverWidget.border': colour('line'),
      'editorSuggestWidget.background': colour('bg-panel'),
      'editorSuggestWidget.foreground': colour('fg'),
      'editorSuggestWidget.border': colour('line'),
      'editorSuggestWidget.highlightForeground': colour('accent'),
      'editorSuggestWidget.selectedBackground': colour('bg-select'),
      'editorSuggestWidget.selectedForeground': colour('fg'),
      'editorInlayHint.background': colour('bg-sunken'),
      'editorInlayHint.foreground': colour('fg-faint'),
      'menu.background': colour('bg-panel'),
      'menu.foreground': colour('fg'),
      'menu.selectionBackground': colour('bg-select'),
      'menu.selectionForeground': colour('fg'),
      'menu.border': colour('line'),
      'list.hoverBackground': colour('bg-hover'),
      'input.background': colour('bg-sunken'),
      'input.foreground': colour('fg'),
      'input.border': colour('line-strong'),
      focusBorder: colour('accent'),
      'textLink.foreground': colour('accent'),
      'scrollbarSlider.background': `${colour('line-strong')}55`,
      'scrollbarSlider.hoverBackground': `${colour('line-strong')}88`,
      'scrollbarSlider.activeBackground': `${colour('line-strong')}aa`,
      'diffEditor.insertedLineBackground': colour('ok-soft'),
      'diffEditor.removedLineBackground': colour('fail-soft'),
      'diffEditor.insertedTextBackground': `${colour('ok-line')}44`,
      'diffEditor.removedTextBackground': `${colour('fail-line')}44`,
    },
  })
  monaco.editor.setTheme('everyhop')
}

export { monaco }
