import type { Evaluation } from '../../../../shared/domain/model/policy.ts'

export interface SavedTest {
  /** Path of the rule that decides: `pipeline/authz/result`. */
  readonly decisionPath: string
  readonly input: unknown
  /** What the draft has to answer from now on. */
  readonly expected: 'allow' | 'deny' | 'undefined'
  /** The value that the draft gives now: says whether the rule is a boolean or an object with `allowed`. */
  readonly result: Evaluation['result']
  /** Values of the input that were masked when it was recorded. */
  readonly masked: readonly string[]
  /** For the comment and the name: "gateway to prompt-firewall, POST /v1/inspections". */
  readonly about: string
}

/** The file that tests saved from simulations are kept in, beside the rule that decides. */
export function testFileOf(decisionPath: string): string {
  return `${packageOf(decisionPath).join('/')}_simulated_test.rego`
}

/** The text of that file with one more test. Its package is its own, so that no name meets one of a test written by hand. */
export function withTest(before: string, test: SavedTest): { readonly text: string; readonly name: string } {
  const head =
    before.trim() === ''
      ? `package ${packageOf(test.decisionPath).map(plainName).join('.')}_simulated_test\n`
      : before.trimEnd().concat('\n')
  const name = freeName(before, nameOf(test))
  return { text: `${head}\n${testText(test, name)}`, name }
}

function testText({ decisionPath, input, expected, result, masked, about }: SavedTest, name: string): string {
  const rule = reference(['data', ...decisionPath.split('/')])
  const given = `with input as ${JSON.stringify(input, null, '\t').replaceAll('\n', '\n\t')}`
  const isObject = typeof result === 'object' && result !== null
  const body =
    expected === 'undefined'
      ? `\tnot ${rule} ${given}`
      : isObject
        ? `\tresult := ${rule} ${given}\n\tresult.allowed == ${expected === 'allow'}`
        : `\tresult := ${rule} ${given}\n\tresult == ${expected === 'allow'}`
  const comments = [
    `Saved from a simulation: ${about}`,
    ...(masked.length === 0 ? [] : [`Masked when it was recorded: ${masked.join(', ')}`]),
  ]
  return `${comments.map((text) => `# ${text.replaceAll(/\s+/g, ' ')}.\n`).join('')}${name} if {\n${body}\n}\n`
}

function nameOf({ about, expected }: SavedTest): string {
  const words = `${about} is ${expected === 'allow' ? 'allowed' : expected === 'deny' ? 'denied' : 'undefined'}`
  const plain = words
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
  return `test_${plain.slice(0, 90)}`
}

function freeName(text: string, wanted: string): string {
  const taken = new Set([...text.matchAll(/^(test_\w+)/gm)].map(([, name]) => name))
  for (let number = 2, name = wanted; ; number += 1) {
    if (!taken.has(name)) return name
    name = `${wanted}_${number}`
  }
}

function packageOf(decisionPath: string): readonly string[] {
  const parts = decisionPath.split('/')
  return parts.length > 1 ? parts.slice(0, -1) : parts
}

/** A package of tests may be called anything: it only has to be a name. */
function plainName(part: string): string {
  const plain = part.replaceAll(/\W/g, '_')
  return /^\d/.test(plain) ? `_${plain}` : plain
}

/** `data.a["b-c"].d`: a part that is no plain name stands in brackets. */
function reference([first = 'data', ...rest]: readonly string[]): string {
  return rest.reduce(
    (text, part) => (/^[A-Za-z_]\w*$/.test(part) ? `${text}.${part}` : `${text}[${JSON.stringify(part)}]`),
    first,
  )
}
