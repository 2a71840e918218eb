import { useReactFlow, useStore } from '@xyflow/react'
import { useCallback, useLayoutEffect, useRef, useState } from 'react'
import type { Lanes } from '../layout/lanes.ts'
import { type Frame, fitted, kept, whatToDo } from './fitting.ts'

/**
 * Fits the map until all sources were asked, and then only when someone resizes the window, opens a group or asks for it; and
 * not at all once someone moved it. A banner that comes or goes above the map must not move what is drawn: the map is moved
 * against it, before the browser paints.
 */
export function useFitting({
  lanes,
  fitRequest,
  settled,
  arrangement,
}: {
  readonly lanes: Lanes
  readonly fitRequest: number
  readonly settled: boolean
  readonly arrangement: string
}): { readonly moved: () => void; readonly fit: () => void } {
  const { setViewport, getViewport } = useReactFlow()
  const width = useStore((state) => state.width)
  const height = useStore((state) => state.height)
  const element = useStore((state) => state.domNode)
  const touched = useRef(false)
  const last = useRef<Frame | null>(null)
  const [asked, setAsked] = useState(0)
  const requests = asked + fitRequest
  useLayoutEffect(() => {
    if (element === null || width === 0 || height === 0 || lanes.width === 0) return
    // The store hears of a new size later than what stands beside the map is drawn.
    const { left, top, width: wide, height: high } = element.getBoundingClientRect()
    const frame: Frame = {
      left: left + window.scrollX,
      top: top + window.scrollY,
      window: `${window.innerWidth} ${window.innerHeight}`,
      map: `${lanes.width} ${lanes.height}`,
      arrangement,
      requests,
      settled,
    }
    const before = last.current
    last.current = frame
    const deed = whatToDo(before, frame, touched.current)
    if (deed === 'fit') {
      touched.current = false
      void setViewport(fitted({ width: wide, height: high }, lanes))
    } else if (deed === 'keep' && before !== null) {
      void setViewport(kept(getViewport(), before, frame))
    }
  }, [element, width, height, lanes, requests, settled, arrangement, setViewport, getViewport])
  const moved = useCallback(() => {
    touched.current = true
  }, [])
  return { moved, fit: () => setAsked((value) => value + 1) }
}
