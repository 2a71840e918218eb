import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { isRelativePath } from '../../../shared/domain/model/credential-program.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { KubernetesFailure, plain } from './failure.ts'
import { maskText } from './mask.ts'

/** What a program answered: one of the two, or both. PEM, and never in words, logs or errors. */
export interface ProgramCredential {
  readonly token: string | null
  readonly certificate: string | null
  readonly key: string | null
  /** null: as long as it is accepted. */
  readonly expiresAt: EpochMs | null
}

export interface ProgramCluster {
  readonly server: string
  readonly caData?: string
  readonly tlsServerName?: string
}

/** Long enough for a program that asks an identity provider; short enough for one that waits for somebody. Milliseconds. */
const longestMs = 30_000
const mostBytes = 1024 * 1024
/** The newest words of a program that failed. */
const mostWords = 400

/** `exec` of a kubeconfig's user (kubernetes.io/docs/reference/config-api/kubeconfig.v1, ExecConfig). */
const execConfig = z.object({
  apiVersion: z.string().default('client.authentication.k8s.io/v1'),
  command: z.string().min(1),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  installHint: z.string().nullish(),
  interactiveMode: z.string().nullish(),
  provideClusterInfo: z.boolean().nullish(),
})

/** `ExecCredential` of client.authentication.k8s.io/v1 and v1beta1: the fields that are read. */
const execCredential = z.object({
  kind: z.literal('ExecCredential'),
  apiVersion: z.string().startsWith('client.authentication.k8s.io/'),
  status: z.object({
    token: z.string().min(1).nullish(),
    clientCertificateData: z.string().nullish(),
    clientKeyData: z.string().nullish(),
    expirationTimestamp: z.iso.datetime({ offset: true }).nullish(),
  }),
})

/**
 * Runs the program that a kubeconfig names, once. It has no input, thirty seconds, and a process group of its own that is ended
 * with it. Rejects with `KubernetesFailure` that says what it did wrong, or with the signal's reason.
 */
export async function runCredentialProgram(
  exec: unknown,
  kubeconfig: string,
  cluster: ProgramCluster,
  signal: AbortSignal,
  limitMs = longestMs,
): Promise<ProgramCredential> {
  const config = execConfig.safeParse(exec)
  if (!config.success) throw new KubernetesFailure('invalid', `${kubeconfig}: the user's exec is not understood`)
  const { command, interactiveMode } = config.data
  const name = `the program ${command} that fetches the credentials`
  if (interactiveMode === 'Always') {
    throw new KubernetesFailure(
      'unsupported',
      `${name} asks somebody at a terminal (interactiveMode: Always), and there is none here: sign in by another context`,
    )
  }
  const output = await run(config.data, kubeconfig, cluster, name, signal, limitMs)
  const credential = execCredential.safeParse(parsed(output))
  if (!credential.success) {
    const field = credential.error.issues[0]?.path.join('.') ?? ''
    throw new KubernetesFailure(
      'invalid',
      `${name} printed something that is no ExecCredential${field === '' ? '' : ` (${field})`}: run it in a terminal to see what it says`,
    )
  }
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = credential.data.status
  if (!token && !(clientCertificateData && clientKeyData)) {
    throw new KubernetesFailure('invalid', `${name} gave neither a token nor a certificate with its key`)
  }
  return {
    token: token?.trim() ?? null,
    certificate: clientCertificateData ?? null,
    key: clientKeyData ?? null,
    expiresAt: expirationTimestamp ? Date.parse(expirationTimestamp) : null,
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null // told by the schema
  }
}

function run(
  config: z.infer<typeof execConfig>,
  kubeconfig: string,
  cluster: ProgramCluster,
  name: string,
  signal: AbortSignal,
  limitMs: number,
): Promise<string> {
  signal.throwIfAborted()
  const { command, args, env, installHint } = config
  const variables = Object.fromEntries((env ?? []).map((one) => [one.name, one.value]))
  const info = { KUBERNETES_EXEC_INFO: JSON.stringify(execInfo(config, cluster)) }
  return new Promise((resolve, reject) => {
    const child = spawn(isRelativePath(command) ? join(dirname(kubeconfig), command) : command, args ?? [], {
      env: { ...process.env, ...variables, ...info },
      // Who asks on standard input finds it at its end.
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    })
    const out: Buffer[] = []
    let bytes = 0
    let words = ''
    let isSettled = false
    const settle = (work: () => void): void => {
      if (isSettled) return
      isSettled = true
      clearTimeout(timer)
      signal.removeEventListener('abort', stopped)
      work()
    }
    const fail = (failure: unknown): void =>
      settle(() => {
        endGroup(child.pid)
        reject(failure)
      })
    const stopped = (): void => fail(signal.reason)
    const timer = setTimeout(
      () =>
        fail(
          new KubernetesFailure(
            'timed-out',
            `${name} did not end within ${limitMs / 1000} s and was stopped; it may be waiting for an answer: sign in with it in a terminal first${said(words, variables)}`,
          ),
        ),
      limitMs,
    )
    signal.addEventListener('abort', stopped, { once: true })
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > mostBytes) fail(new KubernetesFailure('invalid', `${name} printed more than 1 MiB and was stopped`))
      else out.push(chunk)
    })
    child.stderr.on('data', (chunk: Buffer) => {
      words = `${words}${chunk.toString()}`.slice(-4 * mostWords)
    })
    child.once('error', (error) => {
      const hint = installHint ? `; the kubeconfig says: ${plain(installHint, 200)}` : ''
      const isGone = 'code' in error && error.code === 'ENOENT'
      const what = isGone ? 'was not found on this computer' : `could not be started: ${error.message}`
      fail(new KubernetesFailure('not-configured', `${name} ${what}${hint}`))
    })
    child.once('close', (code, killedBy) => {
      if (code === 0) {
        settle(() => resolve(Buffer.concat(out).toString()))
        return
      }
      const how = code === null ? `was ended by ${killedBy ?? 'a signal'}` : `ended with code ${code}`
      fail(new KubernetesFailure('not-configured', `${name} ${how}${said(words, variables)}`))
    })
  })
}

function execInfo({ apiVersion, provideClusterInfo }: z.infer<typeof execConfig>, cluster: ProgramCluster): unknown {
  const { server, caData, tlsServerName } = cluster
  const told = {
    server,
    ...(caData === undefined ? {} : { 'certificate-authority-data': caData }),
    ...(tlsServerName === undefined ? {} : { 'tls-server-name': tlsServerName }),
  }
  const spec = { interactive: false, ...(provideClusterInfo === true ? { cluster: told } : {}) }
  return { apiVersion, kind: 'ExecCredential', spec }
}

/** The program and whatever it started. Its group has its pid. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')
  } catch {
    // It had ended already.
  }
}

/** What it said itself, without what may be a secret: values it was given, and anything that looks like a key or token. */
function said(words: string, variables: Readonly<Record<string, string>>): string {
  let text = words
  for (const value of Object.values(variables)) if (value.length >= 4) text = text.replaceAll(value, '…')
  const clean = plain(maskText(text).replace(/[\w+/=.~-]{25,}/g, '…'), mostWords * 4)
    .trim()
    .slice(-mostWords)
  return clean === '' ? '' : `; it said: ${clean}`
}
