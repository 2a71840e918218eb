/** Work that can be left after each step, and gone on with in another turn of the loop. */
export type Steps<Result> = Generator<undefined, Result>

/** All of it at once. */
export function finished<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
