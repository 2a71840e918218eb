/**
 * `npm run gen`: turns the protos under electron/connectors/spire/proto into TypeScript beside them, and the schemas of the
 * files that people write into JSON Schemas under docs/formats.
 * The results are committed; tests make them again and compare. Works without a network.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { jsonSchemas } from './json-schemas.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const protoFolder = join(root, 'electron/connectors/spire/proto')
export const generatedFolder = join(root, 'electron/connectors/spire/gen')

/** Writes the generated files into `folder`, which is emptied first. */
export function generateSpire(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const template = {
    version: 'v2',
    // Only the plugin that package.json pins: nothing is sent to or fetched from a plugin registry.
    plugins: [
      {
        local: [join(root, 'node_modules/.bin/protoc-gen-es')],
        out: folder,
        opt: ['target=ts', 'import_extension=ts'],
      },
    ],
  }
  execFileSync(join(root, 'node_modules/.bin/buf'), ['generate', protoFolder, '--template', JSON.stringify(template)], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}

if (import.meta.main) {
  generateSpire(generatedFolder)
  for (const { path, text } of jsonSchemas()) writeFileSync(path, text)
}
