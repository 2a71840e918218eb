import { z } from 'zod'

/** Answers of Loki's HTTP API, 3.5; what is not read is left. Labels, lines and times come from others and are only text. */

const nanoseconds = z.string().regex(/^\d{1,19}$/)

const streams = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('streams'),
    result: z
      .array(
        z.object({
          // A third element is structured metadata.
          values: z.array(z.tuple([nanoseconds, z.string()]).rest(z.unknown())).max(100_000),
        }),
      )
      .max(100_000),
  }),
})

const series = z.object({ status: z.literal('success'), data: z.array(z.unknown()).max(1_000_000).nullish() })

/** One line, with the time that it has in Loki: nanoseconds, in digits. */
export interface LokiEntry {
  readonly time: string
  readonly line: string
}

/** Lines of an answer of query_range, oldest first; null: it is no such answer. */
export function entriesIn(text: string): readonly LokiEntry[] | null {
  const answer = streams.safeParse(jsonOf(text))
  if (!answer.success) return null
  return answer.data.data.result
    .flatMap(({ values }) => values.map(([time, line]) => ({ time, line })))
    .toSorted((one, other) => compareTimes(one.time, other.time))
}

/** How many streams an answer of series tells of; null: it is no such answer. */
export function seriesCount(text: string): number | null {
  const answer = series.safeParse(jsonOf(text))
  return answer.success ? (answer.data.data?.length ?? 0) : null
}

/** Numbers of digits without a sign. */
export function compareTimes(one: string, other: string): number {
  const [left, right] = [BigInt(one), BigInt(other)]
  return left < right ? -1 : left > right ? 1 : 0
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
