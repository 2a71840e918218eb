import { expect, test } from 'vitest'
import { bannerRoom, type Frame, fitted, kept, whatToDo } from './fitting.ts'

const frame: Frame = {
  left: 0,
  top: 100,
  window: '1440 900',
  map: '1000 600',
  arrangement: '',
  requests: 0,
  settled: true,
}

test('the map is fitted at first, when asked, and when all sources were asked for the first time', () => {
  expect(whatToDo(null, frame, false)).toBe('fit')
  expect(whatToDo(frame, { ...frame, requests: 1 }, true)).toBe('fit')
  expect(whatToDo({ ...frame, settled: false }, frame, false)).toBe('fit')
  expect(whatToDo({ ...frame, settled: false }, { ...frame, settled: false, map: '1100 600' }, false)).toBe('fit')
})

test('a workload that comes later, and a source that is asked again, move nothing', () => {
  expect(whatToDo(frame, { ...frame, map: '1400 900' }, false)).toBe('nothing')
  expect(whatToDo(frame, { ...frame, settled: false }, false)).toBe('nothing')
})

test('a banner above the map leaves what is drawn where it is on the screen', () => {
  const under = { ...frame, top: 140 }
  expect(whatToDo(frame, under, false)).toBe('keep')
  expect(whatToDo(frame, under, true)).toBe('keep')
  const viewport = { x: 20, y: 50, zoom: 0.9 }
  expect(kept(viewport, frame, under)).toEqual({ x: 20, y: 10, zoom: 0.9 })
  expect(kept(kept(viewport, frame, under), under, frame)).toEqual(viewport)
})

test('a window that is resized and a group that is opened fit the map, unless a hand has moved it', () => {
  expect(whatToDo(frame, { ...frame, window: '800 600' }, false)).toBe('fit')
  expect(whatToDo(frame, { ...frame, window: '800 600' }, true)).toBe('nothing')
  expect(whatToDo(frame, { ...frame, arrangement: 'group/data' }, false)).toBe('fit')
  expect(whatToDo(frame, { ...frame, arrangement: 'group/data' }, true)).toBe('nothing')
})

test('all of the map is in the window, in the middle of the room under the line for banners', () => {
  expect(fitted({ width: 1000, height: 640 }, { width: 2000, height: 600 })).toEqual({ x: 0, y: 190, zoom: 0.5 })
  expect(fitted({ width: 1000, height: 640 }, { width: 500, height: 580 })).toEqual({ x: 250, y: 50, zoom: 1 })
  expect(fitted({ width: 1000, height: 640 }, { width: 500, height: 1200 })).toEqual({
    x: 375,
    y: bannerRoom,
    zoom: 0.5,
  })
})
