import { readSecurely, type SecureOptions } from './secure-download.ts'
import { ToolFailure, type ToolName, toolVersions } from './tool.ts'

/** A file of the pinned release, and where its publisher says its SHA-256. */
export interface Release {
  readonly tool: ToolName
  readonly version: string
  readonly file: string
  readonly url: string
  readonly checksums: string
}

/** Checksum files have a line for each platform. */
const longestChecksums = 256 * 1024

/** Files of OPA's releases, as its page of releases names them. There is no other for these machines. */
const opaFiles: Readonly<Record<string, string>> = {
  'linux-x64': 'opa_linux_amd64_static',
  'linux-arm64': 'opa_linux_arm64_static',
  'darwin-x64': 'opa_darwin_amd64',
  'darwin-arm64': 'opa_darwin_arm64_static',
  'win32-x64': 'opa_windows_amd64.exe',
}
const regalFiles: Readonly<Record<string, string>> = {
  'linux-x64': 'regal_Linux_x86_64',
  'linux-arm64': 'regal_Linux_arm64',
  'darwin-x64': 'regal_Darwin_x86_64',
  'darwin-arm64': 'regal_Darwin_arm64',
  'win32-x64': 'regal_Windows_x86_64.exe',
}

/**
 * The pinned release for a machine, `linux-x64` in Node's words; null: there is none for it. `places` is where releases of a
 * tool lie, for mirrors and tests.
 */
export function releaseOf(
  tool: ToolName,
  machine: string,
  places: (tool: ToolName) => string = publicPlace,
): Release | null {
  const files = tool === 'opa' ? opaFiles : regalFiles
  const file = Object.hasOwn(files, machine) ? files[machine] : undefined
  if (file === undefined) return null
  const version = toolVersions[tool].pinned
  const place = `${places(tool)}/v${version}`
  const url = `${place}/${file}`
  return { tool, version, file, url, checksums: tool === 'opa' ? `${url}.sha256` : `${place}/checksums.txt` }
}

function publicPlace(tool: ToolName): string {
  return `https://${toolVersions[tool].module}/releases/download`
}

/** The SHA-256 that the publisher tells, in hexadecimal. Rejects with a `ToolFailure`. */
export async function publishedSha256(release: Release, options: SecureOptions): Promise<string> {
  const text = await readSecurely(release.checksums, longestChecksums, options)
  const found = new Set(checksumsIn(text, release.file))
  const [only] = found
  if (only !== undefined && found.size === 1) return only
  throw new ToolFailure(
    found.size === 0
      ? `${release.checksums} has no SHA-256 of ${release.file}.`
      : `${release.checksums} has more than one SHA-256 of ${release.file}.`,
  )
}

/** As sha256sum writes them, with a `*` for binary files; a file of one line may have the sum alone. */
function checksumsIn(text: string, file: string): readonly string[] {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  const alone = /^[0-9a-f]{64}$/i.exec(lines[0]?.trim() ?? '')?.[0]
  if (lines.length === 1 && alone !== undefined) return [alone.toLowerCase()]
  return lines.flatMap((line) => {
    const [, sum, name] = /^([0-9a-f]{64})\s+\*?(?:\.\/)?(\S+)\s*$/i.exec(line) ?? []
    return sum !== undefined && name === file ? [sum.toLowerCase()] : []
  })
}
