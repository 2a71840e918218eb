import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule } from 'vitest/node'

/** Names of tests that failed, and of those that passed only when they were run again. */
export interface Closing {
  readonly failed: readonly string[]
  readonly again: readonly string[]
}

/** Where the file is written to. */
export const closingVariable = 'EVERYHOP_TEST_CLOSING'

/** Writes what the closing lines of `npm test` name: a long log may be cut in the middle, its end is not. */
export default class ClosingReporter implements Reporter {
  readonly #failed: string[] = []
  readonly #again: string[] = []

  onTestCaseResult(test: TestCase): void {
    const name = `${test.module.relativeModuleId} > ${test.fullName}`
    const result = test.result()
    if (result.state === 'failed') {
      this.#failed.push(`${name}: ${result.errors[0]?.message.split('\n')[0]?.slice(0, 300) ?? ''}`)
    } else if (test.diagnostic()?.flaky === true) this.#again.push(name)
  }

  onTestModuleEnd(module: TestModule): void {
    for (const error of module.errors()) {
      this.#failed.push(`${module.relativeModuleId}: ${error.message.split('\n')[0]?.slice(0, 300) ?? ''}`)
    }
  }

  onTestRunEnd(): void {
    const file = process.env[closingVariable]
    if (file === undefined) return
    const closing: Closing = { failed: this.#failed, again: this.#again }
    writeFileSync(file, JSON.stringify(closing))
  }
}
