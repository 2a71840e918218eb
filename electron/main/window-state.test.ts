import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { placeWindow, readWindowState, writeWindowState } from './window-state.ts'

const laptop = { x: 0, y: 25, width: 1512, height: 920 }
const beside = { x: 1512, y: 0, width: 2560, height: 1400 }
const left = { x: 1700, y: 100, width: 1800, height: 1200, maximized: false }

test('the window opens as it was left, on the display where it was left', () => {
  expect(placeWindow(left, [laptop, beside])).toEqual(left)
})

test('when that display is gone, the window opens in the middle of the first one, no larger than that', () => {
  expect(placeWindow(left, [laptop])).toEqual({ x: 0, y: 25, width: 1512, height: 920, maximized: false })
  const small = placeWindow({ ...left, width: 1000, height: 700, maximized: true }, [laptop])
  expect(small).toEqual({ x: 256, y: 135, width: 1000, height: 700, maximized: true })
})

test('the first time the window has its usual size, in the middle', () => {
  expect(placeWindow(null, [beside])).toEqual({ x: 2072, y: 250, width: 1440, height: 900, maximized: false })
})

test('wherever it was left and whatever displays there are, its top can be seen and dragged', () => {
  const places = fc.integer({ min: -5000, max: 5000 })
  const sizes = fc.integer({ min: 400, max: 4000 })
  const rectangle = fc.record({ x: places, y: places, width: sizes, height: sizes })
  fc.assert(
    fc.property(
      rectangle,
      fc.boolean(),
      fc.array(rectangle, { minLength: 1, maxLength: 4 }),
      (saved, maximized, all) => {
        const placed = placeWindow({ ...saved, maximized }, all)
        const seen = all.some(
          (display) =>
            Math.min(placed.x + placed.width, display.x + display.width) - Math.max(placed.x, display.x) >= 160 &&
            placed.y >= display.y &&
            placed.y + 40 <= display.y + display.height,
        )
        expect(seen).toBe(true)
      },
    ),
  )
})

test('what was written is read; what cannot be read is as nothing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'eh-place-'))
  try {
    const file = join(folder, 'window', 'place.json')
    expect(readWindowState(file)).toBeNull()
    writeWindowState(file, left)
    expect(readWindowState(file)).toEqual(left)
    for (const text of ['', '{', '[]', '{"x":"1"}', readFileSync(file, 'utf8').replace('1800', '-5')]) {
      writeFileSync(file, text)
      expect(readWindowState(file)).toBeNull()
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})
