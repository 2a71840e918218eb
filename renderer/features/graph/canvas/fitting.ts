/** What decides whether the map is fitted: the place of the map in the page, and what was asked for. */
export interface Frame {
  /** Of the map's upper left corner in the page. CSS pixels. */
  readonly left: number
  readonly top: number
  /** Size of the browser's window, as text. */
  readonly window: string
  /** Size of everything that is drawn, as text. */
  readonly map: string
  readonly arrangement: string
  readonly requests: number
  readonly settled: boolean
}

export interface Viewport {
  readonly x: number
  readonly y: number
  readonly zoom: number
}

interface Size {
  readonly width: number
  readonly height: number
}

/** fit: show everything. keep: what is drawn stays where it is on the screen, though the map's frame has moved. */
export function whatToDo(before: Frame | null, now: Frame, touched: boolean): 'fit' | 'keep' | 'nothing' {
  if (before === null || before.requests !== now.requests) return 'fit'
  if (!touched) {
    if (before.window !== now.window || before.arrangement !== now.arrangement) return 'fit'
    // Until the last source was asked places are still found; with that answer they are complete, once.
    if (!before.settled && (now.settled || before.map !== now.map)) return 'fit'
  }
  if (before.left === now.left && before.top === now.top) return 'nothing'
  return before.window === now.window ? 'keep' : 'nothing'
}

/**
 * Everything in the window, never enlarged, in the middle of the room under the line for banners. That line is kept free also
 * while there are none: what is drawn must neither move nor be covered when one comes.
 */
export function fitted(window: Size, map: Size): Viewport {
  const height = Math.max(1, window.height - bannerRoom)
  const zoom = Math.min(1, window.width / map.width, height / map.height)
  return {
    x: Math.max(0, (window.width - map.width * zoom) / 2),
    y: bannerRoom + (height - map.height * zoom) / 2,
    zoom,
  }
}

/** A banner of one line with its distance from the edge. What is drawn has its own distance from its edge. CSS pixels. */
export const bannerRoom = 40

export function kept({ x, y, zoom }: Viewport, before: Frame, now: Frame): Viewport {
  return { x: x + before.left - now.left, y: y + before.top - now.top, zoom }
}
