import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule } from 'vitest/node'

/** Names of tests that failed, of those that passed only when they were run again, and the files that took the longest. */
export interface Closing {
  readonly failed: readonly string[]
  readonly again: readonly string[]
  /** With their hooks, such as the start of a lab; the slowest first. */
  readonly slowest: readonly { readonly file: string; readonly seconds: number }[]
}

const mostSlow = 5

/** Where the file is written to. */
export const closingVariable = 'EVERYHOP_TEST_CLOSING'

/** Writes what the closing lines of `npm test` name: a long log may be cut in the middle, its end is not. */
export default class ClosingReporter implements Reporter {
  readonly #failed: string[] = []
  readonly #again: string[] = []
  readonly #files: { readonly file: string; readonly seconds: number }[] = []

  onTestCaseResult(test: TestCase): void {
    const name = `${test.module.relativeModuleId} > ${test.fullName}`
    const result = test.result()
    if (result.state === 'failed') {
      this.#failed.push(`${name}: ${result.errors[0]?.message.split('\n')[0]?.slice(0, 300) ?? ''}`)
    } else if (test.diagnostic()?.flaky === true) this.#again.push(name)
  }

  onTestModuleEnd(module: TestModule): void {
    const seconds = Math.round(module.diagnostic().duration / 1000)
    this.#files.push({ file: module.relativeModuleId, seconds })
    for (const error of module.errors()) {
      this.#failed.push(`${module.relativeModuleId}: ${error.message.split('\n')[0]?.slice(0, 300) ?? ''}`)
    }
  }

  onTestRunEnd(): void {
    const file = process.env[closingVariable]
    if (file === undefined) return
    const slowest = this.#files.toSorted((one, other) => other.seconds - one.seconds).slice(0, mostSlow)
    const closing: Closing = { failed: this.#failed, again: this.#again, slowest }
    writeFileSync(file, JSON.stringify(closing))
  }
}
