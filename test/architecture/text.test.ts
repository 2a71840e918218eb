import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root, sourceFiles } from './sources.ts'

const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean)
const textFiles = tracked.filter((file) =>
  /\.(ts|tsx|js|json|md|ya?ml|rego|css|html|proto|go|mod)$|\.ci\/run$/.test(file),
)

function findings(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1} ${line.trim().slice(0, 120)}`] : [])),
  )
}

const here = 'test/architecture/text.test.ts'

test('no absolute path of a machine and no registry host is written down', () => {
  const files = textFiles.filter((file) => file !== 'package-lock.json' && file !== here)
  expect(
    findings(
      files,
      // Not in the middle of a path: Vault has a `pki/root/generate`.
      /(?<!\w)\/(root|home\/[a-z]+|Users\/[a-z]+|work)\/|registry\.npmjs|proxy\.golang|pypi\.org|files\.pythonhosted/,
    ),
  ).toEqual([])
})

test('nothing is left undone or switched off in the sources', () => {
  const files = [
    ...sourceFiles('shared'),
    ...sourceFiles('electron'),
    ...sourceFiles('renderer'),
    ...sourceFiles('test'),
    ...sourceFiles('scripts'),
  ]
  expect(
    findings(
      files.filter((file) => file !== here),
      /\b(TODO|FIXME|XXX)\b|@ts-(ignore|expect-error|nocheck)|\bas any\s*([;),.\]}>|]|$)|\b(test|it|describe|suite)(\.\w+)*\.(only|skip)\(/,
    ),
  ).toEqual([])
})

test('words that promise what nobody can know are not used on screen or in documents', () => {
  const files = textFiles.filter(
    (file) => /^(shared\/words|renderer|docs|README|CHANGELOG)/.test(file) && !file.endsWith('.test.ts'),
  )
  const pattern = /\b(compliant|compliance|certified|healthy score|passed audit)\b/i
  expect(
    findings(
      files.filter((file) => !/glossary|CONTRIBUTING/.test(file)),
      pattern,
    ),
  ).toEqual([])
})

test('a source file holds one thing: none is longer than 400 lines', () => {
  const files = ['shared', 'electron', 'renderer', 'scripts', 'test'].flatMap((folder) => sourceFiles(folder))
  const long = files
    .map((file) => [file, readFileSync(join(root, file), 'utf8').split('\n').length] as const)
    .filter(([, lines]) => lines > 400)
  expect(long).toEqual([])
})

test('time and chance reach shared/ as arguments only', () => {
  const files = sourceFiles('shared').filter((file) => !file.endsWith('.test.ts'))
  expect(findings(files, /Date\.now\(|new Date\(\)|Math\.random\(|performance\.now\(/)).toEqual([])
})
