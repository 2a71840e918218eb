import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'

const windowState = z.object({
  x: z.int(),
  y: z.int(),
  width: z.int().positive(),
  height: z.int().positive(),
  maximized: z.boolean(),
})
/** Device-independent pixels, of the window when it is not maximised. */
export type WindowState = z.infer<typeof windowState>

export interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export const smallest = { width: 960, height: 600 }
const usual = { width: 1440, height: 900 }
/** So much of the window's top must be on a display that it can be seen and dragged. */
const grip = { width: 160, height: 40 }

/**
 * Where the window opens: as it was left, when that place still exists; else in the middle of the first display.
 * @param displays work areas, the first one first; never empty in Electron.
 */
export function placeWindow(saved: WindowState | null, displays: readonly Rectangle[]): WindowState {
  const [first = { x: 0, y: 0, ...usual }] = displays
  if (saved !== null) {
    for (const display of displays) {
      // Made to fit first: a window cut on the right might else leave the display with what was seen of it.
      const fitting = fitInto(display, saved)
      if (holdsGrip(display, fitting)) return fitting
    }
  }
  const width = Math.min(saved?.width ?? usual.width, first.width)
  const height = Math.min(saved?.height ?? usual.height, first.height)
  return {
    x: Math.round(first.x + (first.width - width) / 2),
    y: Math.round(first.y + (first.height - height) / 2),
    width,
    height,
    maximized: saved?.maximized ?? false,
  }
}

function fitInto(display: Rectangle, window: WindowState): WindowState {
  return { ...window, width: Math.min(window.width, display.width), height: Math.min(window.height, display.height) }
}

function holdsGrip(display: Rectangle, window: Rectangle): boolean {
  const seen = Math.min(window.x + window.width, display.x + display.width) - Math.max(window.x, display.x)
  const isTopThere = window.y >= display.y && window.y + grip.height <= display.y + display.height
  return seen >= Math.min(grip.width, window.width) && isTopThere
}

/** What was kept; null when there is nothing or nobody can read it: then the window opens as for the first time. */
export function readWindowState(file: string): WindowState | null {
  try {
    const read = windowState.safeParse(JSON.parse(readFileSync(file, 'utf8')))
    return read.success ? read.data : null
  } catch {
    return null
  }
}

/** Written beside and moved over, so that a full disk leaves the old one. Throws what the disk says. */
export function writeWindowState(file: string, state: WindowState): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const partial = `${file}.partial`
  writeFileSync(partial, JSON.stringify(state))
  renameSync(partial, file)
}
