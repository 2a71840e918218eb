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
    const record: RunRecord = {
      files: modules.map((module) =>
        recordOf(
          module,
          unhandled.filter((error) => pathOf(error) === module.moduleId),
        ),
      ),
      unhandled: unhandled
        .filter((error) => modules.every((module) => pathOf(error) !== module.moduleId))
        .map(withPlace),
    }
    writeFileSync(file, JSON.stringify(record))
  }
}

function recordOf(module: TestModule, unhandled: readonly SerializedError[]): FileRecord {
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
    errors: [...[module, ...suites].flatMap((part) => part.errors().map(firstLine)), ...unhandled.map(withPlace)],
  }
}

/** The test file in which something failed that nobody waited for. */
function pathOf(error: SerializedError): unknown {
  return error['VITEST_TEST_PATH']
}

/** Of what nobody waited for, where it comes from is all that helps to find it. */
function withPlace(error: SerializedError): string {
  const calls = (error.stack ?? '').split('\n').filter((line) => line.trim().startsWith('at '))
  const own = calls.filter((line) => !line.includes('node_modules') && !line.includes('node:'))
  const places = (own.length === 0 ? calls : own).slice(0, 4).map((line) => line.trim())
  return ['nobody waited for:', error.name ?? '', firstLine(error), ...places].join(' ')
}

function firstLine(error: { readonly message?: string }): string {
  return error.message?.split('\n')[0]?.slice(0, 300) ?? 'an error without words'
}
