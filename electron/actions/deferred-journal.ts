import type { Journal } from '../core/journal.ts'

/** A journal that is being opened: each question waits for it, and is refused in the same words when it cannot be opened. */
export function deferredJournal(opening: Promise<Journal>): Journal {
  opening.catch(() => {}) // whoever asks hears of it
  return {
    begin: async (note) => (await opening).begin(note),
    end: async (begun, phase, details) => (await opening).end(begun, phase, details),
    note: async (note) => (await opening).note(note),
    list: async (environment, limit, before) => (await opening).list(environment, limit, before),
    lines: async (environment, after) => (await opening).lines(environment, after),
    verify: async () => (await opening).verify(),
    async close() {
      await opening.then(
        (journal) => journal.close(),
        () => {}, // it never was open
      )
    },
  }
}
