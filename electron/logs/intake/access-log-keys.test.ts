import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { accessLogKeys, fieldOf } from './access-log-keys.ts'

test('the documented keys and commands are the ones that are read, and no others', async () => {
  const page = await readFile(new URL('../../../docs/formats/envoy-access-log.md', import.meta.url), 'utf8')
  const documented = page.split('\n').flatMap((line) => {
    const [, command, keys] = /^\| `([^|]+)` \| ((?:`[^`]+` ?)+)\|/.exec(line) ?? []
    return command === undefined || keys === undefined
      ? []
      : [
          {
            command,
            keys: keys
              .trim()
              .split(' ')
              .map((key) => key.slice(1, -1)),
          },
        ]
  })
  expect(documented).toEqual(Object.values(accessLogKeys))
})

test('the format to paste uses keys that are read', async () => {
  const page = await readFile(new URL('../../../docs/formats/envoy-access-log.md', import.meta.url), 'utf8')
  const format = /```yaml\n(?<format>.*?)```/s.exec(page)?.groups?.['format'] ?? ''
  const keys = [...format.matchAll(/^ {2}(\w+):/gm)].map((match) => match[1] ?? '')
  expect(keys.length).toBeGreaterThan(20)
  expect(keys.filter((key) => fieldOf(key) === undefined)).toEqual([])
})
