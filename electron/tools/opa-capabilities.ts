import { capabilitiesOutput } from './opa-wire.ts'

/** Built-in functions that reach out of the evaluation: over the network, or to the process they run in. */
export const outwardBuiltins = ['http.send', 'net.lookup_ip_addr', 'opa.runtime'] as const

/**
 * Capabilities for `--capabilities`: all that this OPA can do, but nothing that reaches out, and no host for remote schemas.
 * Throws when the text is not what `opa capabilities --current` prints.
 */
export function withoutNetwork(text: string): string {
  const all = capabilitiesOutput.parse(JSON.parse(text))
  const outward: ReadonlySet<string> = new Set(outwardBuiltins)
  return JSON.stringify({ ...all, builtins: all.builtins.filter(({ name }) => !outward.has(name)), allow_net: [] })
}

/**
 * The same for tests: every function is there, so that a test can replace `http.send` by one of its own (`with http.send as …`),
 * and none reaches a host.
 */
export function withoutHosts(text: string): string {
  return JSON.stringify({ ...capabilitiesOutput.parse(JSON.parse(text)), allow_net: [] })
}
