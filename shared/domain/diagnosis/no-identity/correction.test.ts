import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import {
  agentIdOf,
  diagnoseWorld,
  gateway,
  gatewayEntry,
  gatewayId,
  gatewayLabels,
  noneSelected,
  otherMachine,
  ownMachine,
  selecting,
} from '../../../../test/builders/identity-world.ts'

describe('a correction', () => {
  test('of a misspelt selector is the object with the label that the pod has, and selects it', () => {
    const misspelt = selecting({ 'app.kubernetes.io/name': 'gatewya' }, { stats: noneSelected, className: 'lab' })
    const { correction } = diagnoseWorld({ entries: [], objects: [misspelt] })
    expect(correction?.kind).toBe('manifest')
    const object = parse(correction?.text ?? '')
    expect(object).toMatchObject({
      apiVersion: 'spire.spiffe.io/v1alpha1',
      kind: 'ClusterSPIFFEID',
      metadata: { name: 'stages' },
      spec: { className: 'lab', ttl: '600s', podSelector: { matchLabels: { 'app.kubernetes.io/name': 'gateway' } } },
    })
    const applied = selecting(object.spec.podSelector.matchLabels)
    expect(diagnoseWorld({ entries: [], objects: [applied] }).candidates[0]).toMatchObject({
      name: 'stages',
      fits: true,
    })
  })

  test('of what nothing declares is an object for this workload alone', () => {
    const { correction } = diagnoseWorld({ entries: [], objects: [selecting({ app: 'other' }, { className: 'lab' })] })
    expect(parse(correction?.text ?? '')).toMatchObject({
      metadata: { name: 'ai-gateway' },
      spec: {
        className: 'lab',
        spiffeIDTemplate:
          'spiffe://{{ .TrustDomain }}/ns/{{ .PodMeta.Namespace }}/sa/{{ .PodSpec.ServiceAccountName }}',
        podSelector: { matchLabels: { 'app.kubernetes.io/name': 'gateway' } },
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ai' } },
      },
    })
  })

  test('is none where no label would mean the same pods tomorrow', () => {
    const { correction } = diagnoseWorld({
      entries: [],
      objects: [selecting({ app: 'other' })],
      pods: [gateway({ labels: { 'pod-template-hash': '5d4f' } })],
    })
    expect(correction).toBeNull()
  })

  test('quotes labels that YAML would read as something else, and nothing in them becomes a field', () => {
    const hostile = 'x"\nspec:\n  admin: true # {{ evil }}'
    const { correction } = diagnoseWorld({
      entries: [],
      objects: [selecting({ app: 'other' })],
      pods: [gateway({ labels: { 'app.kubernetes.io/name': hostile, 'app.kubernetes.io/instance': 'no' } })],
    })
    const { spec } = parse(correction?.text ?? '')
    expect(Object.keys(spec).toSorted()).toEqual(['namespaceSelector', 'podSelector', 'spiffeIDTemplate'])
    expect(spec.podSelector.matchLabels).toEqual({
      'app.kubernetes.io/name': hostile,
      'app.kubernetes.io/instance': 'no',
    })
  })

  test('of an entry for another machine is an update with the agent of its own', () => {
    const entry = gatewayEntry({ parentId: agentIdOf(otherMachine), hint: "it's", dnsNames: ['gateway.ai'] })
    const { correction } = diagnoseWorld({ entries: [entry] })
    expect(correction?.text).toBe(
      `spire-server entry update -entryID e-1 -parentID ${agentIdOf(ownMachine)} -spiffeID ${gatewayId} ` +
        "-selector k8s:ns:ai -selector k8s:sa:gateway -x509SVIDTTL 600 -dns gateway.ai -hint 'it'\\''s'",
    )
  })

  test('of selectors has what the pod has', () => {
    const { correction } = diagnoseWorld({ entries: [gatewayEntry({ selectors: ['k8s:ns:ai', 'k8s:sa:default'] })] })
    expect(correction?.text).toContain('-selector k8s:ns:ai -selector k8s:sa:gateway')
  })

  test('of an entry that was made by hand and is gone is the command that makes it', () => {
    const gone = { entries: [], objects: [], pods: [gateway({ labels: gatewayLabels })] }
    expect(diagnoseWorld(gone).correction).toBeNull()
    const named = diagnoseWorld({ ...gone, entries: [gatewayEntry({ entryExpiresAt: 1 })] })
    expect(named.correction?.text).toBe(
      `spire-server entry create -parentID ${agentIdOf(ownMachine)} -spiffeID ${gatewayId} ` +
        '-selector k8s:ns:ai -selector k8s:sa:gateway',
    )
  })

  test('is never a command that would steer a terminal', () => {
    const entry = gatewayEntry({ parentId: agentIdOf(otherMachine), hint: 'x\u001b]0;y' })
    expect(diagnoseWorld({ entries: [entry] }).correction).toBeNull()
  })
})
