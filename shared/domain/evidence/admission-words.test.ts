import { expect, test } from 'vitest'
import { refusalIn } from './admission-words.ts'

test('what a controller was refused is told by the words of its event', () => {
  const words =
    "Error creating: pods \"gateway-7d9\" is forbidden: ValidatingAdmissionPolicy 'images' with binding 'images-ai' denied request: no digest"
  expect(refusalIn(words)).toEqual({ kind: 'policy', policy: 'images', binding: 'images-ai', why: 'no digest' })
  const images =
    'Error creating: pods "x" is forbidden: image policy webhook backend denied one or more images: not signed'
  expect(refusalIn(images)).toEqual({ kind: 'image-policy', policy: null, binding: null, why: 'not signed' })
})

test.each([
  'Error creating: pods "x" is forbidden: exceeded quota: compute',
  'pods is forbidden: User "a" cannot create resource "pods" in API group "" in the namespace "ai"',
  "ValidatingAdmissionPolicy '' with binding 'b' denied request: x",
  '',
])('%j is not of admission', (words) => {
  expect(refusalIn(words)).toBeNull()
})
