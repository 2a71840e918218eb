import { setFlagsFromString } from 'node:v8'

/** How many want it held now. */
let holders = 0

/**
 * Keeps the young generation of this process at the size that it has until what it returns is called: for work through which much passes that
 * nobody keeps. V8 doubles its room by what ever survived in it, so that a million lines have it grow to 128 MB, for no time. A process that
 * has loaded Everyhop has 16 MB; what a service has grown to before stays as it is. Electron's V8 compresses pointers, needs half, and is let be.
 */
export function holdYoungGeneration(): () => void {
  if (process.versions['electron'] !== undefined) return () => {}
  if (holders === 0) setFlagsFromString('--semi-space-growth-factor=1')
  holders += 1
  let isHeld = true
  return () => {
    if (!isHeld) return
    isHeld = false
    holders -= 1
    if (holders === 0) setFlagsFromString('--semi-space-growth-factor=2')
  }
}
