import { graphLines } from '../../../shared/domain/evidence/graph-lines.ts'
import { factsBySource, type GraphAt, graphDifference } from '../../../shared/domain/history/difference.ts'
import { warningCodes } from '../../../shared/words/gap-warnings.ts'
import { artefactOf, limitation, type Making, timeText } from './artefact-of.ts'
import { gapsOf } from './log-population.ts'

/** Events that are read to tell when something changed. */
const mostEvents = 100_000

/** The trust graph as it was when the period began and when it ended, line by line, with what differs. */
export const trustGraph = artefactOf('trust-graph', false, async (making) => {
  const { sources, period, to, isPlan } = making
  const gaps = gapsOf(sources, period, ({ what }) => !warningCodes.includes(what))
  const { from, to: end } = sources.history.state()
  const isRecorded = from !== null && end !== null && from < period.to
  const [before, after] = isPlan
    ? [null, null]
    : [await graphOf(making, period.from), await graphOf(making, lastMoment(making))]
  for (const [file, at] of [
    ['graph-at-start', before],
    ['graph-at-end', after],
  ] as const) {
    for (const { record, isException } of at === null ? [] : graphLines(at.graph))
      await to.line(file, record, isException)
  }
  const differences = before === null || after === null ? null : await writeDifferences(making, before, after)
  const notWatched = [before, after].filter((each) => each !== null && each.gap !== null).length
  return {
    asked: [
      {
        source: 'everyhop',
        instance: 'history',
        asked: `graph at ${timeText(period.from)} and ${timeText(period.to)}`,
      },
    ],
    population: {
      count: isPlan ? (isRecorded ? 0 : null) : elementsOf(after),
      method: isPlan ? 'method.estimated' : 'method.graph',
      control: null,
      dropped: {},
      expected: 2,
      reporting: isPlan
        ? isRecorded
          ? 2
          : 0
        : [before, after].filter((each) => each !== null && each.gap === null).length,
      gaps,
    },
    limitations: [
      limitation('graph-as-read'),
      limitation('graph-no-classification'),
      ...(notWatched > 0 ? [limitation('graph-in-gap', { times: notWatched })] : []),
      ...(differences?.notComparable ?? []).map(({ source, missingAt, facts }) =>
        limitation('graph-not-comparable', { source, missingAt, facts }),
      ),
      ...(differences?.complete === false ? [limitation('events-cut', { events: mostEvents })] : []),
    ],
    notEvaluated: null,
    ...(isPlan ? { records: null } : {}),
  }
})

function elementsOf(at: GraphAt | null): number | null {
  return at === null ? null : at.graph.workloads.length + at.graph.hops.length + at.graph.control.length
}

/** The end of the period is not part of it, and what is recorded of now comes a little later: the last that is known of it. */
function lastMoment({ sources, period }: Making): number {
  return Math.min(period.to, sources.history.state().to ?? period.to)
}

async function graphOf({ sources }: Making, at: number): Promise<GraphAt | null> {
  const [states, graph] = [sources.history.statesAt(at), await sources.graphAt(at)]
  return states === null || graph === null ? null : { at, graph, gap: states.gap, facts: factsBySource(states.states) }
}

async function writeDifferences({ sources, period, to }: Making, before: GraphAt, after: GraphAt) {
  const { events, complete } = sources.history.events(period, mostEvents)
  const { changes, notComparable } = graphDifference(before, after, events, sources.history.gaps(period))
  for (const { element, name, aspect, from, to: until, direction, at } of changes) {
    const record = { element: element.kind, id: element.id, name, aspect, from, to: until, direction, at: timeText(at) }
    await to.line('differences', record)
  }
  for (const { number, at, learntAt, change } of events) {
    await to.line('changes', {
      historyEvent: number,
      at: timeText(at),
      learntAt: timeText(learntAt),
      element: change.element.kind,
      id: change.element.id,
      name: change.name,
      aspect: change.aspect,
      from: change.from,
      to: change.to,
      direction: change.direction,
    })
  }
  return { notComparable, complete }
}
