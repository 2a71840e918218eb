import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { root } from './sources.ts'

const named = z.object({ type: z.string() })

const lock = z
  .object({
    packages: z.record(
      z.string(),
      z.object({
        version: z.string().optional(),
        license: z.union([z.string(), named, z.array(named).min(1)]).optional(),
        optionalDependencies: z.record(z.string(), z.string()).optional(),
        hasInstallScript: z.boolean().optional(),
        integrity: z.string().optional(),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')))

const manifest = z
  .object({ dependencies: z.record(z.string(), z.string()), devDependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))

const allowedLicences =
  /^\(?(MIT|MIT-0|ISC|0BSD|BSD-2-Clause|BSD-3-Clause|Apache-2\.0|MPL-2\.0|EPL-2\.0|CC0-1\.0|CC-BY-4\.0|Unlicense|Python-2\.0|PSF-2\.0|BlueOak-1\.0\.0|\(?[A-Za-z0-9.-]+ (OR|AND) [A-Za-z0-9. -]+\)?|WTFPL)\)?$/

/** Packages that say their licence only in a file of their own, which was read. */
const readByHand: Readonly<Record<string, string>> = { 'node_modules/png-js': 'MIT' }

/** Of several licences to choose from, the first that is allowed. */
function licenceOf(license: (typeof lock)['packages'][string]['license']): string {
  if (license === undefined) return 'none'
  if (typeof license === 'string') return license
  if (!Array.isArray(license)) return license.type
  const types = license.map(({ type }) => type)
  return types.find((type) => allowedLicences.test(type)) ?? types.join(', ')
}

test('every version is pinned exactly', () => {
  const loose = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
    ([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
  )
  expect(loose).toEqual([])
})

test('the lockfile holds every platform: an optional package that is named has an entry of its own', () => {
  const names = new Set(Object.keys(lock.packages).map((path) => path.split('node_modules/').at(-1)))
  const absent = Object.entries(lock.packages).flatMap(([path, entry]) =>
    Object.keys(entry.optionalDependencies ?? {})
      .filter((name) => !names.has(name))
      .map((name) => `${path} wants ${name}`),
  )
  expect(absent).toEqual([])
})

test('every package has a permissive licence, MPL or EPL', () => {
  const others = Object.entries(lock.packages)
    .filter(([path]) => path !== '')
    .map(
      ([path, entry]) =>
        [path, entry.license === undefined ? (readByHand[path] ?? 'none') : licenceOf(entry.license)] as const,
    )
    .filter(([, licence]) => !allowedLicences.test(licence) || /(^|[^L])GPL/.test(licence.replace(/ OR .*GPL.*$/, '')))
  expect(others).toEqual([])
})

test('nothing runs at install but what is named with a reason', () => {
  // node: the pinned Node itself. @bufbuild/buf: checks that its own binary fits the platform.
  const withScripts = Object.entries(lock.packages)
    .filter(([, entry]) => entry.hasInstallScript === true)
    .map(([path]) => path)
    .toSorted()
  expect(withScripts.filter((path) => !/\/(node|@bufbuild\/buf|fsevents)$/.test(path))).toEqual([])
})
