import type { Dial, HttpGet } from '../core/ports.ts'
import { createHttpExchange } from './http-exchange.ts'

/** GET over a dialled stream, and nothing else. */
export function createHttpGet(dial: Dial): HttpGet {
  const exchange = createHttpExchange(dial)
  return (url, options) => exchange('GET', url, options)
}
