import { describe, expect, it } from 'vitest'
import { labelled, networkPolicy, pod, podContainer } from '../../../../test/builders/kubernetes-facts.ts'
import type { NetworkPolicyFact, NetworkPolicyRule } from '../../model/kubernetes-facts.ts'
import { isInBlock } from './ip-block.ts'
import { fits, fitsNamespace } from './label-selector.ts'
import { answerOf, policiesFor } from './network-policy.ts'

const caller = pod('ai', 'caller', { labels: { app: 'caller', tier: 'front' }, podIps: ['10.1.0.1', 'fd00::1'] })
const callee = pod('data', 'callee', {
  labels: { app: 'callee' },
  podIps: ['10.2.0.2'],
  containers: [podContainer('envoy', [{ name: 'mtls', port: 8443 }])],
})
const namespaces: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ai: { team: 'models' },
  data: { team: 'stores' },
}

type Peer = NetworkPolicyRule['peers'][number]
type Port = NetworkPolicyRule['ports'][number]

const nobody: Peer = { podSelector: null, namespaceSelector: null, ipBlock: null }
function from(peers: readonly Partial<Peer>[], ports: readonly Partial<Port>[] = []): readonly NetworkPolicyRule[] {
  return [
    {
      peers: peers.map((peer) => ({ ...nobody, ...peer })),
      ports: ports.map((port) => ({ port: null, endPort: null, protocol: 'TCP', ...port })),
    },
  ]
}

function ingress(rules: readonly NetworkPolicyRule[], more: Partial<NetworkPolicyFact> = {}): NetworkPolicyFact {
  return { ...networkPolicy('data', 'one', { ingress: rules }), ...more }
}

function ask(policies: readonly NetworkPolicyFact[], port: number | null = 8443, known = true) {
  return answerOf(
    (own) => policiesFor(policies, own),
    (namespace) => (known ? (namespaces[namespace] ?? null) : null),
    { caller, callee, port },
  )
}

const deny = ingress([])
const block = (cidr: string, except: readonly string[] = []) => from([{ ipBlock: { cidr, except } }])

describe('into a pod', () => {
  it.each<readonly [string, readonly NetworkPolicyFact[], string | null]>([
    ['no policy restricts', [], 'unrestricted'],
    ['a policy of another namespace does not restrict', [{ ...deny, namespace: 'ai' }], 'unrestricted'],
    [
      'a policy that selects other pods does not restrict',
      [ingress([], { podSelector: labelled({ app: 'x' }) })],
      'unrestricted',
    ],
    ['a policy of egress only does not restrict', [ingress([], { policyTypes: ['Egress'] })], 'unrestricted'],
    ['a policy without rules blocks', [deny], 'blocked'],
    ['a rule without peers and ports admits all', [ingress(from([]))], 'admitted'],
    ['a peer without anything admits nobody', [ingress(from([{}]))], 'blocked'],
    [
      'a podSelector alone means the namespace of the policy',
      [ingress(from([{ podSelector: labelled({}) }]))],
      'blocked',
    ],
    [
      'an empty namespaceSelector means all pods of all',
      [ingress(from([{ namespaceSelector: labelled({}) }]))],
      'admitted',
    ],
    [
      'a namespaceSelector tells by labels',
      [ingress(from([{ namespaceSelector: labelled({ team: 'models' }) }]))],
      'admitted',
    ],
    [
      'a namespaceSelector leaves others out',
      [ingress(from([{ namespaceSelector: labelled({ team: 'x' }) }]))],
      'blocked',
    ],
    [
      'both selectors must fit',
      [ingress(from([{ namespaceSelector: labelled({}), podSelector: labelled({ app: 'other' }) }]))],
      'blocked',
    ],
    [
      'two peers are one or the other',
      [ingress(from([{ podSelector: labelled({ app: 'other' }) }, { namespaceSelector: labelled({}) }]))],
      'admitted',
    ],
    ['policies add up', [deny, ingress(from([{ namespaceSelector: labelled({}) }]))], 'admitted'],
    ['an ipBlock tells by the address of the pod', [ingress(block('10.1.0.0/16'))], 'admitted'],
    ['an ipBlock tells by any address of the pod', [ingress(block('fd00::/8'))], 'admitted'],
    ['an exception is not in the block', [ingress(block('10.0.0.0/8', ['10.1.0.0/24']))], 'blocked'],
    ['an ipBlock that is not understood cannot be told', [ingress(block('10.1.0.0/99'))], null],
    ['a port by number admits', [ingress(from([], [{ port: '8443' }]))], 'admitted'],
    ['another port does not', [ingress(from([], [{ port: '9901' }]))], 'blocked'],
    ['a port by name is that of the callee', [ingress(from([], [{ port: 'mtls' }]))], 'admitted'],
    ['a name that the callee does not have is no port', [ingress(from([], [{ port: 'admin' }]))], 'blocked'],
    ['a range admits what is in it', [ingress(from([], [{ port: '8000', endPort: 9000 }]))], 'admitted'],
    ['a range leaves out what is not in it', [ingress(from([], [{ port: '8000', endPort: 8442 }]))], 'blocked'],
    ['UDP is not TCP', [ingress(from([], [{ port: '8443', protocol: 'UDP' }]))], 'blocked'],
    ['a protocol without a port admits all its ports', [ingress(from([], [{}]))], 'admitted'],
    [
      'an operator that is not known cannot be told',
      [ingress([], { podSelector: labelled({}, [{ key: 'app', operator: 'Near', values: [] }]) })],
      null,
    ],
  ])('%s', (_what, policies, expected) => {
    expect(ask(policies)).toMatchObject({ ingress: expected, egress: 'unrestricted' })
  })

  it('cannot be told without the port where a rule asks for one', () => {
    expect(ask([ingress(from([], [{ port: '8443' }]))], null).ingress).toBeNull()
    expect(ask([ingress(from([]))], null).ingress).toBe('admitted')
    expect(ask([deny], null).ingress).toBe('blocked')
  })

  it('cannot be told without the labels of namespaces, but by their names', () => {
    const byTeam = ingress(from([{ namespaceSelector: labelled({ team: 'models' }) }]))
    const named = (name: string) =>
      ingress(from([{ namespaceSelector: labelled({ 'kubernetes.io/metadata.name': name }) }]))
    expect(ask([byTeam], 8443, false).ingress).toBeNull()
    expect(ask([named('ai')], 8443, false).ingress).toBe('admitted')
    expect(ask([named('edge')], 8443, false).ingress).toBe('blocked')
  })

  it('names who restricts and who admits', () => {
    const admits = { ...ingress(from([])), name: 'two' }
    const { selecting, admitting } = ask([deny, admits])
    expect([selecting.map(({ name }) => name), admitting.map(({ name }) => name)]).toEqual([['one', 'two'], ['two']])
  })
})

describe('out of a pod', () => {
  const egress = (rules: readonly NetworkPolicyRule[]) =>
    networkPolicy('ai', 'out', { policyTypes: ['Egress'], egress: rules })

  it.each<readonly [string, readonly NetworkPolicyRule[], string]>([
    ['no rule blocks', [], 'blocked'],
    ['to the callee by labels', from([{ namespaceSelector: labelled({ team: 'stores' }) }]), 'admitted'],
    ['to the callee by the name of its port', from([], [{ port: 'mtls' }]), 'admitted'],
    ['to the address of the callee', block('10.2.0.0/24'), 'admitted'],
    ['to the address of the caller', block('10.1.0.0/24'), 'blocked'],
  ])('%s', (_what, rules, expected) => {
    expect(ask([egress(rules)])).toMatchObject({ egress: expected, ingress: 'unrestricted' })
  })
})

describe('selectors', () => {
  const expression = (operator: string, values: readonly string[] = []) =>
    labelled({}, [{ key: 'app', operator, values }])

  it.each([
    [expression('In', ['a', 'b']), { app: 'a' }, true],
    [expression('In', ['a']), {}, false],
    [expression('NotIn', ['a']), { app: 'a' }, false],
    [expression('NotIn', ['a']), {}, true],
    [expression('Exists'), { app: '' }, true],
    [expression('Exists'), {}, false],
    [expression('DoesNotExist'), {}, true],
    [expression('DoesNotExist'), { app: 'a' }, false],
    [labelled({ toString: 'a' }), {}, false],
  ])('%j of %j is %s', (selector, labels, expected) => {
    expect(fits(selector, labels)).toBe(expected)
  })

  it('of namespaces that were not read tell by the name only', () => {
    const twice = labelled({ 'kubernetes.io/metadata.name': 'ai', team: 'x' })
    expect(fitsNamespace(twice, 'ai', null)).toBeNull()
    expect(fitsNamespace(twice, 'data', null)).toBe(false)
  })
})

describe('blocks', () => {
  it.each([
    ['10.0.0.1', '10.0.0.0/8', true],
    ['11.0.0.1', '10.0.0.0/8', false],
    ['10.0.0.1', '0.0.0.0/0', true],
    ['10.0.0.1', '10.0.0.1/32', true],
    ['10.0.0.1', '::/0', false],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.0/104', true],
    ['2001:db8::5', '2001:db8::/32', true],
    ['2001:db9::5', '2001:db8::/32', false],
    ['10.0.0.1', '10.0.0.0', null],
    ['10.0.0.1', '10.0.0.256/8', null],
    ['1::2::3', '::/0', null],
    ['nonsense', '10.0.0.0/8', null],
  ])('%s in %s is %s', (ip, cidr, expected) => {
    expect(isInBlock(ip, { cidr, except: [] })).toBe(expected)
  })
})
