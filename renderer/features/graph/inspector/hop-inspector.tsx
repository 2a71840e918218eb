import { ArrowRight } from 'lucide-react'
import { isPreview } from '../../../../shared/contract/environment-setup.ts'
import type { HopDetail } from '../../../../shared/contract/graph.ts'
import type { HopSide, Known } from '../../../../shared/domain/model/graph.ts'
import { relations } from '../../../../shared/domain/model/hop-state.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import { formatClock, formatDuration } from '../../../../shared/words/durations.ts'
import { authorisationPhrase, transportPhrase } from '../../../../shared/words/hop-sentences.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { relationLabel, relationMeaningOf, transportLabel } from '../../../../shared/words/states.ts'
import { addressOf } from '../../../ui/address-of.ts'
import { Tag } from '../../../ui/atoms.tsx'
import { startOfRow } from '../../../ui/capitals.ts'
import { authorisationTone, transportTone } from '../looks.ts'
import { RefusedOfHop } from '../refused/refused-of-hop.tsx'
import { FactList, RestsOn } from './fact-list.tsx'
import { Authorisation } from './hop-authorisation.tsx'
import { HopClaim } from './hop-claim.tsx'
import { HopIntegrity } from './hop-integrity.tsx'
import { HopNetwork } from './hop-network.tsx'
import styles from './inspector.module.css'
import { HopLeases } from './lease-sections.tsx'
import { Breakable, Expiry, FactRow, Section, Serial, TwoSidedRow } from './rows.tsx'
import { StateGlyph } from './state-glyph.tsx'

/** Who → state and since → verdict → two sides → authorisation, what it refused → traffic and relations. */
export function HopInspector({
  detail,
  now,
  environment,
  names,
  onCopy,
  onRefused,
}: {
  readonly detail: HopDetail
  readonly now: EpochMs
  readonly environment: string
  readonly names: ReadonlyMap<string, string>
  readonly onCopy: (text: string) => void
  /** Opens the list of refused requests with those of this hop. */
  readonly onRefused: () => void
}) {
  const { hop, from, to, facts } = detail
  const { transport, authorisation } = hop
  return (
    <>
      <header>
        <h2>
          {from.name} <ArrowRight size={14} aria-label="to" /> {to.name}
        </h2>
        <div className={styles.states}>
          <Tag tone={transportTone(transport.state)} icon={<StateGlyph state={transport.state} />}>
            {startOfRow(transportLabel(transport.state))}
          </Tag>
          <span className={styles.meta}>
            {transport.since === null
              ? ''
              : `since ${formatClock(transport.since, now)}, ${formatDuration(now - transport.since)}`}
          </span>
        </div>
        <div className={styles.verdict} data-tone={transportTone(transport.state)}>
          <p>{reasonSentence(transport.reason)}</p>
        </div>
        <RestsOn judgement={transport} facts={facts} now={now} />
        {isPreview(environment) || transport.state === 'verified' ? null : (
          // By the address: the diagnosis is another feature, and a preview of an environment has no such screen.
          <a
            className={styles.link}
            href={addressOf('diagnose', { env: environment, tab: 'handshakes', from: hop.from, to: hop.to })}
            data-testid="diagnose-handshake"
          >
            Diagnose this handshake
          </a>
        )}
      </header>
      <Section title="Two sides">
        <div role="table" aria-label="Two sides of the hop">
          <div className={styles.two} role="row">
            <span role="columnheader">
              <span className="visually-hidden">Fact</span>
            </span>
            <b role="columnheader">Client</b>
            <b role="columnheader">Server</b>
          </div>
          <TwoSides client={hop.client} server={hop.server} now={now} />
        </div>
        <FactRow label="TLS version" known={hop.tls.version} now={now}>
          {(value) => value}
        </FactRow>
        <FactRow label="Cipher" known={hop.tls.cipher} now={now}>
          {(value) => <Breakable text={value} />}
        </FactRow>
      </Section>
      <HopClaim detail={detail} now={now} />
      <Section title="Authorisation">
        <div className={styles.states}>
          <Tag tone={authorisationTone(authorisation.state)}>{startOfRow(authorisationPhrase(hop))}</Tag>
        </div>
        <p className={styles.sentence}>{reasonSentence(authorisation.reason)}</p>
        <RestsOn judgement={authorisation} facts={facts} now={now} />
        <Authorisation detail={detail} now={now} />
        {isPreview(environment) ? null : (
          // By the address: the policy screen is another feature, and a preview of an environment has no such screen.
          <a
            className={styles.link}
            href={addressOf('policy', { env: environment, hop: hop.id })}
            data-testid="simulate-hop"
          >
            Simulate this hop
          </a>
        )}
      </Section>
      <RefusedOfHop
        key={hop.id}
        environment={environment}
        hop={hop}
        names={names}
        now={now}
        onCopy={onCopy}
        onList={onRefused}
      />
      <HopLeases key={`leases of ${hop.id}`} detail={detail} now={now} />
      <HopNetwork detail={detail} now={now} />
      <HopIntegrity known={hop.integrity} now={now} />
      <Section title="Traffic">
        <FactRow label="Requests" known={hop.activity} now={now}>
          {(value) => `${value.requests.toLocaleString('en-GB')} in ${formatDuration(value.windowSeconds * 1000)}`}
        </FactRow>
        {hop.activity.known ? (
          <p className={styles.sentence}>
            {hop.activity.value.denied} denied, {hop.activity.value.authorisationErrors} without an answer from OPA,{' '}
            {hop.activity.value.handshakeFailures} failed handshakes, counted from{' '}
            {hop.activity.value.countedBy === 'log' ? 'log lines' : 'Envoy’s counters'}
            {hop.activity.value.lastRequestAt === null
              ? ''
              : `; last request at ${formatClock(hop.activity.value.lastRequestAt, now)}`}
            .
          </p>
        ) : null}
      </Section>
      <Section title="Relations">
        <ul className={styles.relations}>
          {relations.map((relation) => {
            const holds = hop.relations.includes(relation)
            const ids = hop.relationFacts[relation] ?? []
            return (
              <li key={relation} data-holds={holds}>
                <span title={relationMeaningOf(relation)}>
                  {holds ? '✓' : '–'} {relationLabel(relation)}
                </span>
                {ids.length === 0 ? null : (
                  <details className={styles.rests}>
                    <summary>How do we know?</summary>
                    <FactList ids={ids} facts={facts} now={now} />
                  </details>
                )}
              </li>
            )
          })}
        </ul>
      </Section>
      <p className="visually-hidden">{transportPhrase(hop, now)}</p>
    </>
  )
}

function TwoSides({
  client,
  server,
  now,
}: {
  readonly client: HopSide
  readonly server: HopSide
  readonly now: EpochMs
}) {
  const expiry = (side: HopSide) => pick(side.certificate, (value) => value.notAfter)
  const serial = (side: HopSide) => pick(side.certificate, (value) => value.serial)
  return (
    <>
      <TwoSidedRow label="SPIFFE ID" client={client.spiffeId} server={server.spiffeId} now={now}>
        {(value) => <Breakable text={value.replace(/^spiffe:\/\/[^/]+\//, '…/')} />}
      </TwoSidedRow>
      <TwoSidedRow label="As expected" client={client.peerAsExpected} server={server.peerAsExpected} now={now}>
        {(value) => (
          <span className={value ? styles.good : styles.bad}>{value ? '✓ peer as expected' : '✕ another peer'}</span>
        )}
      </TwoSidedRow>
      <TwoSidedRow label="Requires" client={client.requiresPeer} server={server.requiresPeer} now={now}>
        {(value) =>
          value === null ? (
            'any that verifies'
          ) : (
            <Breakable text={value.map((id) => id.replace(/^spiffe:\/\/[^/]+\//, '…/')).join(', ')} />
          )
        }
      </TwoSidedRow>
      <TwoSidedRow label="Not after" client={expiry(client)} server={expiry(server)} now={now}>
        {(value) => <Expiry at={value} now={now} />}
      </TwoSidedRow>
      <TwoSidedRow label="Serial" client={serial(client)} server={serial(server)} now={now}>
        {(value) => <Serial hex={value} />}
      </TwoSidedRow>
      <TwoSidedRow label="TLS" client={client.tlsVersions} server={server.tlsVersions} now={now}>
        {(value) => value}
      </TwoSidedRow>
      <TwoSidedRow label="Trusts" client={client.trusts} server={server.trusts} now={now}>
        {(value) => <Breakable text={value.length === 0 ? 'nobody' : value.join(', ')} />}
      </TwoSidedRow>
      <TwoSidedRow label="Last error" client={client.lastError} server={server.lastError} now={now}>
        {(value) =>
          value === null ? (
            'none logged'
          ) : (
            <>
              {formatClock(value.at, now)}
              <br />
              <Breakable text={value.text} />
            </>
          )
        }
      </TwoSidedRow>
    </>
  )
}

function pick<Value, Part>(known: Known<Value>, part: (value: Value) => Part): Known<Part> {
  return known.known ? { ...known, value: part(known.value) } : known
}
