/** What headers of an HTTP answer say of time (RFC 9110, sections 6.6.1 and 10.2.3). All times are milliseconds, points since 1970. */

/** The server's clock minus ours by its `date`, in whole seconds as the header has no more; null without one. */
export function clockSkewOf(date: string | undefined, asked: number, answered: number): number | null {
  const theirs = date === undefined ? Number.NaN : Date.parse(date)
  if (Number.isNaN(theirs)) return null
  // The header cuts its second off: on average half a second is missing.
  const skew = theirs + 500 - (asked + answered) / 2
  return Math.round(skew / 1000) * 1000 + 0
}

/** How long `retry-after` asks to wait, given in seconds or as a date; null where it says nothing that can be read. */
export function retryAfterOf(header: string | undefined, now: number): number | null {
  if (header === undefined) return null
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000
  const until = Date.parse(header)
  return Number.isNaN(until) ? null : Math.max(0, until - now)
}
