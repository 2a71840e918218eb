import { expect, test } from 'vitest'
import { diagnoseRequest } from '../../shared/domain/diagnosis/request/diagnose-request.ts'
import { decision, denied, requestCase } from '../../test/builders/request-case.ts'
import { noteDefects } from './note-defects.ts'

test('a rule that failed is written to the log of the service, and the diagnosis is given all the same', () => {
  const lines: unknown[] = []
  const log = { error: (message: string, fields?: object) => void lines.push([message, fields]) }
  const of = requestCase({ accesses: [denied], decisions: [decision()] })
  const whole = diagnoseRequest(of)
  expect(noteDefects(log, whole)).toBe(whole)
  expect(lines).toEqual([])
  const broken = new Proxy(of, {
    get(target, name, receiver) {
      if (name === 'vault') throw new TypeError('the denials are broken')
      return Reflect.get(target, name, receiver)
    },
  })
  expect(noteDefects(log, diagnoseRequest(broken)).verdict.cause).toBe('policy-denied')
  expect(lines).toEqual([
    ['a rule of the diagnosis failed', { cause: 'vault-refused', error: 'TypeError: the denials are broken' }],
  ])
})
