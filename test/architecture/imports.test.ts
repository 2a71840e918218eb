import { expect, test } from 'vitest'
import { contractPackages, purePackages } from './pure-packages.ts'
import { type Import, importsOf, sourceFiles } from './sources.ts'

/** What history and evidence are made of. */
const whatIsKept = [
  'shared/',
  'electron/core/ports.ts',
  'electron/core/history-store.ts',
  'electron/core/seals.ts',
  'electron/core/log-store.ts',
  'electron/core/log-lines.ts',
  'electron/core/log-statistics.ts',
  'electron/core/journal.ts',
  'electron/core/failure.ts',
]

/** What every room that keeps something on the disk, or reads much of it, does in the same way. */
const onTheDisk = ['electron/platform/flush-folder.ts', 'electron/platform/give-back.ts']

/**
 * "Who may import whom", one row a folder; the first row that fits a file decides.
 * `own` are prefixes of our own files; `packages` of npm or Node, `*` for any, `node:` for all of Node's.
 */
const rules: readonly { files: RegExp; own: readonly string[]; packages: readonly string[] }[] = [
  { files: /\.test\.tsx?$/, own: [''], packages: ['*'] },
  { files: /^shared\/lib\//, own: ['shared/lib/'], packages: [] },
  {
    files: /^shared\/(domain|faults)\//,
    own: ['shared/domain/', 'shared/faults/', 'shared/lib/', 'shared/contract/'],
    packages: purePackages,
  },
  {
    files: /^shared\/words\//,
    own: ['shared/words/', 'shared/domain/', 'shared/faults/', 'shared/contract/', 'shared/lib/'],
    packages: [],
  },
  { files: /^shared\/shell\.ts$/, own: ['shared/lib/'], packages: [] },
  { files: /^shared\/(shell-wire|desktop)\.ts$/, own: ['shared/lib/', 'shared/shell.ts'], packages: ['zod'] },
  {
    files: /^shared\/contract\//,
    own: ['shared/contract/', 'shared/domain/', 'shared/faults/', 'shared/lib/'],
    packages: contractPackages,
  },
  {
    files: /^electron\/core\//,
    own: ['electron/core/', 'shared/'],
    packages: ['@orpc/server', 'node:stream', ...purePackages],
  },
  ...['spire', 'envoy', 'opa', 'kubernetes', 'vault'].map((name) => ({
    files: new RegExp(`^electron/connectors/${name}/`),
    own: ['shared/', 'electron/core/ports.ts', `electron/connectors/${name}/`],
    packages: ['*'],
  })),
  {
    files: /^electron\/policy\//,
    own: [
      'shared/',
      'electron/core/ports.ts',
      'electron/core/journal.ts',
      'electron/core/failure.ts',
      'electron/core/policy-trials.ts',
      'electron/tools/',
      'electron/actions/',
      'electron/policy/',
    ],
    packages: ['*'],
  },
  {
    files: /^electron\/diagnosis\//,
    own: [
      'shared/',
      'electron/core/ports.ts',
      'electron/core/log-store.ts',
      'electron/core/log-lines.ts',
      'electron/core/log-statistics.ts',
      'electron/core/journal.ts',
      'electron/core/failure.ts',
      'electron/core/policy-trials.ts',
      'electron/diagnosis/',
    ],
    packages: [],
  },
  {
    files: /^electron\/history\//,
    own: [...whatIsKept, ...onTheDisk, 'electron/history/'],
    packages: ['*'],
  },
  {
    files: /^electron\/evidence\//,
    own: [...whatIsKept, ...onTheDisk, 'electron/actions/', 'electron/evidence/'],
    packages: ['*'],
  },
  {
    files: /^electron\/actions\//,
    own: [
      'shared/',
      'electron/core/ports.ts',
      'electron/core/journal.ts',
      'electron/core/failure.ts',
      'electron/actions/',
    ],
    packages: ['*'],
  },
  ...['logs', 'platform', 'tools'].map((name) => ({
    files: new RegExp(`^electron/${name}/`),
    own: [
      'shared/',
      'electron/core/ports.ts',
      'electron/core/log-store.ts',
      'electron/core/log-lines.ts',
      'electron/core/log-statistics.ts',
      'electron/core/receiver-state.ts',
      ...onTheDisk,
      `electron/${name}/`,
    ],
    packages: ['*'],
  })),
  {
    files: /^electron\/playground\//,
    own: ['shared/', 'electron/core/ports.ts', 'electron/tools/', 'electron/playground/'],
    packages: ['*'],
  },
  {
    files: /^electron\/(service|cli)\//,
    own: [
      'shared/',
      'electron/core/',
      'electron/connectors/',
      'electron/logs/',
      'electron/platform/',
      'electron/tools/',
      'electron/actions/',
      'electron/policy/',
      'electron/diagnosis/',
      'electron/history/',
      'electron/evidence/',
      'electron/playground/index.ts',
      'electron/playground/parts.ts',
      'electron/playground/private-folder.ts',
      'electron/service/',
      'electron/cli/',
    ],
    packages: ['*'],
  },
  {
    files: /^electron\/main\//,
    own: [
      'electron/main/',
      'shared/contract/',
      'shared/shell.ts',
      'shared/shell-wire.ts',
      'shared/desktop.ts',
      'shared/words/',
      'shared/lib/',
    ],
    packages: ['electron', 'node:', 'zod'],
  },
  { files: /^electron\/preload\//, own: ['electron/preload/', 'shared/lib/'], packages: ['electron'] },
  { files: /^renderer\/api\//, own: ['renderer/api/', 'shared/'], packages: ['*'] },
  { files: /^renderer\/dev\//, own: ['renderer/', 'shared/'], packages: ['*'] },
  { files: /^renderer\/app\//, own: ['renderer/', 'shared/'], packages: ['*'] },
  { files: /^renderer\/(ui|workers)\//, own: ['renderer/ui/', 'renderer/workers/', 'shared/'], packages: ['*'] },
  ...['graph', 'diagnose', 'environments', 'policy', 'playground', 'evidence', 'history'].map((name) => ({
    files: new RegExp(`^renderer/features/${name}/`),
    own: [`renderer/features/${name}/`, 'renderer/api/', 'renderer/ui/', 'renderer/workers/', 'shared/'],
    packages: ['*'],
  })),
  { files: /^renderer\/vite\.config\.ts$/, own: [], packages: ['*'] },
]

const ours = ['shared', 'electron', 'renderer'].flatMap((folder) => sourceFiles(folder))

test('every file of the program has a rule about what it may import', () => {
  expect(ours.filter((file) => !rules.some((rule) => rule.files.test(file)))).toEqual([])
})

test('imports point where the architecture lets them', () => {
  const refused = ours.flatMap(importsOf).filter((found) => !isAllowed(found))
  expect(refused.map((found) => `${found.from} must not import ${found.to}`)).toEqual([])
})

test('the domain takes only types from the contract, and only oRPC’s transport stays in renderer/api', () => {
  const wrong = ours.flatMap(importsOf).filter((found) => {
    if (found.from.endsWith('.test.ts')) return false
    if (/^shared\/(domain|words|faults)\//.test(found.from) && found.to.startsWith('shared/contract/')) {
      return !found.typeOnly && !/^shared\/contract\/(errors|limits)\.ts$/.test(found.to)
    }
    return /^renderer\/(?!api\/)/.test(found.from) && found.external && found.to.startsWith('@orpc/')
  })
  expect(wrong.map((found) => `${found.from} -> ${found.to}`)).toEqual([])
})

test('only the composition imports connectors, logs and platform together', () => {
  const importers = ours
    .filter((file) => !file.endsWith('.test.ts'))
    .flatMap(importsOf)
    .filter(
      (found) =>
        /^electron\/(connectors|logs)\//.test(found.to) &&
        !found.from.startsWith(found.to.split('/').slice(0, 2).join('/')),
    )
    .map((found) => found.from)
  expect([...new Set(importers)].filter((file) => !/^electron\/service\/compose\.ts$/.test(file))).toEqual([])
})

function isAllowed(found: Import): boolean {
  const rule = rules.find((candidate) => candidate.files.test(found.from))
  if (rule === undefined) return false
  if (found.external) {
    return rule.packages.some(
      (name) => name === '*' || name === found.to || (name === 'node:' && found.to.startsWith(name)),
    )
  }
  return rule.own.some((prefix) => found.to.startsWith(prefix))
}
