import { expect, test } from 'vitest'
import { type Place, whyNoDesktop } from './desktop-place.ts'

const user: Place = { platform: 'linux', env: { DISPLAY: ':0' }, getuid: () => 1000 }

test('with a display and a user of its own the desktop window opens; so it does under Wayland, on a Mac and on Windows', () => {
  expect(whyNoDesktop(user)).toBeNull()
  expect(whyNoDesktop({ ...user, env: { WAYLAND_DISPLAY: 'wayland-0' } })).toBeNull()
  expect(whyNoDesktop({ platform: 'darwin', env: {}, getuid: () => 501 })).toBeNull()
  expect(whyNoDesktop({ platform: 'win32', env: {} })).toBeNull()
})

test('as root, without a display and in CI it does not, each for its own reason', () => {
  expect(whyNoDesktop({ ...user, getuid: () => 0 })).toContain('root')
  expect(whyNoDesktop({ ...user, env: { DISPLAY: '' } })).toContain('no display')
  expect(whyNoDesktop({ ...user, env: { DISPLAY: ':0', CI: 'true' } })).toContain('CI')
})
