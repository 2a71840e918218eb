import { expect, test } from 'vitest'
import { listenAt, receiverSentence, receivingEnvironment, receivingFrom } from './serve-receiver.ts'

test('where to listen is a port, a host with a port, or a socket', () => {
  expect(listenAt('8080')).toEqual({ kind: 'tcp', host: '127.0.0.1', port: 8080 })
  expect(listenAt('0.0.0.0:8080')).toEqual({ kind: 'tcp', host: '0.0.0.0', port: 8080 })
  expect(listenAt('[::1]:9')).toEqual({ kind: 'tcp', host: '::1', port: 9 })
  expect(listenAt('/run/logs.sock')).toEqual({ kind: 'unix', path: '/run/logs.sock' })
  for (const wrong of ['', 'siem', '70000', 'host:', 'a b:80 0']) expect(() => listenAt(wrong)).toThrow(/decision-logs/)
})

test('what needs something else says so', () => {
  expect(receivingFrom({})).toBeNull()
  expect(() => receivingFrom({ forward: 'http://siem.example' })).toThrow('--forward needs --decision-logs')
  expect(() => receivingFrom({ 'decision-logs': '0' })).toThrow('--decision-logs needs --data')
  const far = { 'decision-logs': '0.0.0.0:8080', data: 'folder' }
  expect(() => receivingFrom(far)).toThrow('--token-file is needed')
  expect(receivingFrom({ ...far, 'token-file': '/token' })?.tokenFile).toBe('/token')
  expect(() => receivingFrom({ 'decision-logs': '0', data: 'folder', forward: 'siem' })).toThrow('http or https')
})

test('it is clear whose decision logs come, or it is asked for', () => {
  expect(receivingEnvironment(null, ['lab'])).toBe('lab')
  expect(receivingEnvironment('lab', ['lab', 'prod'])).toBe('lab')
  expect(() => receivingEnvironment(null, ['lab', 'prod'])).toThrow('there are lab, prod')
  expect(() => receivingEnvironment(null, [])).toThrow('none is written down')
  expect(() => receivingEnvironment('other', ['lab'])).toThrow('there is no such environment')
})

test('how receiving stands is one sentence, with what has trouble', () => {
  const quiet = { received: 1, refused: 0, unauthenticated: 0, postponed: 0, forward: null }
  expect(receiverSentence(quiet)).toBe('1 upload taken.')
  const forward = {
    to: 'siem',
    sent: 3,
    refused: 1,
    refusedBytes: 900,
    refusal: 'siem answered 413',
    waitingBytes: 4500,
  }
  expect(
    receiverSentence({ ...quiet, unauthenticated: 2, forward: { ...forward, problem: 'siem answered 503' } }),
  ).toBe(
    '1 upload taken, 2 without the token; sending on to siem: 3 sent, 5 kB wait: siem answered 503, 1 kB are not taken: siem answered 413.',
  )
})
