import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import type { ChangedModule, GoComponent, LineChange } from './components.ts'
import { runTool } from './run-tool.ts'

const downloadAnswer = z.object({ Dir: z.string(), Sum: z.string() })

/**
 * Copies a published module into `target` and changes its lines there. Others' source is in this repository only as the
 * lines that are changed. Rejects when what is served is not what the sum says, or a line is not there exactly once.
 */
export async function placeChangedModule(
  component: GoComponent,
  changed: ChangedModule,
  target: string,
  caches: { readonly folder: string; readonly environment: Readonly<Record<string, string>> },
): Promise<void> {
  const printed = await runTool({
    purpose: `fetching the source of ${component.title} ${component.version} (needs Go and the Go module proxy)`,
    command: 'go',
    arguments: ['mod', 'download', '-json', `${changed.module}@v${component.version}`],
    // Outside the wrapper module, whose go.mod already wants the copy.
    cwd: caches.folder,
    env: caches.environment,
  })
  const served = downloadAnswer.parse(JSON.parse(printed))
  if (served.Sum !== changed.sum) {
    throw new Error(
      `${component.title} ${component.version}: the source that was served has the sum ${served.Sum}, not ${changed.sum}`,
    )
  }
  await cp(served.Dir, target, { recursive: true })
  for (const change of changed.changes) await applyChange(target, change)
}

/** Rejects when `from` stands in the file not exactly once. */
export async function applyChange(folder: string, change: LineChange): Promise<void> {
  const file = path.join(folder, change.file)
  const parts = (await readFile(file, 'utf8')).split(change.from)
  if (parts.length !== 2) {
    throw new Error(
      `${change.file}: the text to be changed stands in it ${parts.length - 1} times, not once: ${change.from.trim()}`,
    )
  }
  // Files of the module cache are read-only, and so is their copy.
  await rm(file)
  await writeFile(file, parts.join(change.to))
}
