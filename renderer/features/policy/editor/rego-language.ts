import type { languages } from 'monaco-editor/editor'

/** Rego v1 as the OPA 1.x reference grammar has it: for colours and brackets; whether it is right says OPA. */
export const regoConfiguration: languages.LanguageConfiguration = {
  comments: { lineComment: '#' },
  brackets: [
    ['{', '}'],
    ['[', ']'],
    ['(', ')'],
  ],
  autoClosingPairs: [
    { open: '{', close: '}' },
    { open: '[', close: ']' },
    { open: '(', close: ')' },
    { open: '"', close: '"', notIn: ['string', 'comment'] },
    { open: '`', close: '`', notIn: ['string', 'comment'] },
  ],
  surroundingPairs: [
    { open: '{', close: '}' },
    { open: '[', close: ']' },
    { open: '(', close: ')' },
    { open: '"', close: '"' },
  ],
  indentationRules: { increaseIndentPattern: /[{[(]\s*(#.*)?$/, decreaseIndentPattern: /^\s*[}\])]/ },
  onEnterRules: [{ beforeText: /^\s*#\s?.*$/, afterText: /^.+$/, action: { indentAction: 0, appendText: '# ' } }],
}

export const regoGrammar: languages.IMonarchLanguage = {
  defaultToken: '',
  tokenPostfix: '.rego',
  keywords: ['as', 'contains', 'default', 'else', 'every', 'if', 'import', 'in', 'not', 'package', 'some', 'with'],
  constants: ['true', 'false', 'null'],
  documents: ['data', 'input'],
  namespaces:
    `array base64 base64url bits crypto glob graph graphql hex http io json net numbers object opa providers rand regex rego
    semver strings time units urlquery uuid yaml`.split(/\s+/),
  escapes: /\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})/,
  tokenizer: {
    root: [
      [/^(\s*)(#)(\s*METADATA\s*)$/, ['white', 'comment', 'comment.doc']],
      [/#.*$/, 'comment'],
      // A member of a document is a name, also when it is spelled as a keyword.
      [/(\.)([A-Za-z_]\w*)/, ['delimiter', 'identifier']],
      [
        /[A-Za-z_]\w*/,
        {
          cases: {
            '@keywords': 'keyword',
            '@constants': 'number',
            '@documents': 'variable.predefined',
            '@namespaces': 'type',
            '@default': 'identifier',
          },
        },
      ],
      [/-?\d+(\.\d+)?([eE][+-]?\d+)?/, 'number'],
      [/\$?"/, { token: 'string.quote', next: '@string' }],
      [/\$?`/, { token: 'string.quote', next: '@raw' }],
      [/[{}()[\]]/, '@brackets'],
      [/:=|==|!=|<=|>=|[=<>+\-*/%&|]/, 'operator'],
      [/[,:;.]/, 'delimiter'],
    ],
    string: [
      [/[^\\"]+/, 'string'],
      [/@escapes/, 'string.escape'],
      [/\\./, 'string.invalid'],
      [/"/, { token: 'string.quote', next: '@pop' }],
    ],
    raw: [
      [/[^`]+/, 'string'],
      [/`/, { token: 'string.quote', next: '@pop' }],
    ],
  },
}

/** Monaco's own JSON needs a worker of its own for what OPA's check says already. */
export const jsonConfiguration: languages.LanguageConfiguration = {
  brackets: [
    ['{', '}'],
    ['[', ']'],
  ],
  autoClosingPairs: [
    { open: '{', close: '}' },
    { open: '[', close: ']' },
    { open: '"', close: '"', notIn: ['string'] },
  ],
}

export const jsonGrammar: languages.IMonarchLanguage = {
  tokenPostfix: '.json',
  tokenizer: {
    root: [
      [/"(?:[^"\\]|\\.)*"(?=\s*:)/, 'key'],
      [/"(?:[^"\\]|\\.)*"/, 'string'],
      [/-?\d+(\.\d+)?([eE][+-]?\d+)?/, 'number'],
      [/\b(?:true|false|null)\b/, 'number'],
      [/[{}[\]]/, '@brackets'],
      [/[,:]/, 'delimiter'],
    ],
  },
}
