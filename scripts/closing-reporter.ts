import { writeFileSync } from 'node:fs'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'
import type { FileRecord, RunRecord } from './run-record.ts'

/** Where the record is written to. */
export const closingVariable = 'EVERYHOP_TEST_CLOSING'

/** Writes what a run found, for the closing lines of `npm test`: a long log may be cut in the middle, its end is not. */
export default class ClosingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const file = process.env[closingVariable]
    if (file === undefined) return
    const record: RunRecord = { files: modules.map(recordOf), unhandled: unhandled.map(firstLine) }
    writeFileSync(file, JSON.stringify(record))
  }
}

function recordOf(module: TestModule): FileRecord {
  const tests = [...module.children.allTests()].map((test) => {
    const { state, errors } = test.result()
    const why = errors?.[0] === undefined ? '' : firstLine(errors[0])
    return { id: test.id, name: test.fullName, state: state === 'pending' ? ('skipped' as const) : state, why }
  })
  const suites = [...module.children.allSuites()]
  return {
    file: module.relativeModuleId,
    seconds: Math.round(module.diagnostic().duration / 1000),
    tests,
    errors: [module, ...suites].flatMap((part) => part.errors().map(firstLine)),
  }
}

function firstLine(error: { readonly message?: string }): string {
  return error.message?.split('\n')[0]?.slice(0, 300) ?? 'an error without words'
}
