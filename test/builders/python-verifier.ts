import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { z } from 'zod'

export const verifierFile = join(import.meta.dirname, '..', '..', 'electron', 'evidence', 'verify', 'verify.py')

/** Runs `verify.py` as its command line does, many packs in one process: Python takes longer to start than to verify one. */
const driver = `
import contextlib, importlib.util, io, json, sys
spec = importlib.util.spec_from_file_location('verify', sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
for line in sys.stdin:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        code = module.main(json.loads(line))
    print(json.dumps({'code': code, 'output': output.getvalue()}), flush=True)
`

const finding = z.object({ code: z.string(), params: z.record(z.string(), z.unknown()) })
const verified = z.object({
  packId: z.string().nullable(),
  integrity: z.string(),
  completeness: z.string(),
  steps: z.array(z.object({ step: z.string(), outcome: z.string(), finding })),
  gaps: z.array(z.unknown()),
  artefacts: z.array(z.unknown()),
  exitCode: z.number(),
})
export type PythonResult = z.infer<typeof verified>

export interface Verification {
  readonly file: string
  /** Path of the key. */
  readonly key: string
  readonly previous: string | null
}

/** What each process would have printed with `--json`, checked against the code that it would have ended with. */
export async function verifyWithPython(packs: readonly Verification[]): Promise<readonly PythonResult[]> {
  const lines = packs.map(({ file, key, previous }) => {
    return JSON.stringify([file, '--key', key, '--json', ...(previous === null ? [] : ['--previous', previous])])
  })
  const output = await new Promise<string>((resolve, reject) => {
    const child = execFile(
      'python3',
      ['-c', driver, verifierFile],
      { maxBuffer: 256 * 1024 * 1024, timeout: 300_000 },
      (error, stdout, stderr) => (error === null ? resolve(stdout) : reject(new Error(`${error.message}\n${stderr}`))),
    )
    child.stdin?.end(lines.map((line) => `${line}\n`).join(''))
  })
  return output
    .trimEnd()
    .split('\n')
    .map((line) => {
      const answer = z.object({ code: z.number(), output: z.string() }).parse(JSON.parse(line))
      const result = verified.parse(JSON.parse(answer.output))
      if (result.exitCode !== answer.code) throw new Error(`it says ${result.exitCode} and ends with ${answer.code}`)
      return result
    })
}
