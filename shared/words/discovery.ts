/** Fits `TargetReason` of the service's discovery. */
export interface DiscoveryReasonForWords {
  readonly code: string
  readonly params: Readonly<Record<string, string | number>>
}

const names: Readonly<Record<string, string>> = {
  spire: 'a SPIRE server',
  'spire-agent': 'a SPIRE agent',
  'controller-manager': 'the SPIRE controller manager',
  envoy: 'an Envoy',
  opa: 'an OPA',
  vault: 'a Vault',
  'bundle-server': 'a server of policy bundles',
  prometheus: 'a Prometheus',
  loki: 'a Loki',
}

/** "taken for an Envoy: its image is envoyproxy/envoy:v1.40.0, its port admin is 15000" */
export function discoverySentence(kind: string, reasons: readonly DiscoveryReasonForWords[]): string {
  const name = Object.hasOwn(names, kind) ? names[kind] : kind
  const why = reasons.map(reasonPhrase).join(', ')
  return why === '' ? `taken for ${name}` : `taken for ${name}: ${why}`
}

function reasonPhrase({ code, params }: DiscoveryReasonForWords): string {
  const of = (key: string): string => String(params[key] ?? '?')
  switch (code) {
    case 'image-is':
      return `its image is ${of('image')}`
    case 'command-runs':
      return `it runs ${of('program')}`
    case 'label-says':
      return `label ${of('label')} says ${of('value')}`
    case 'container-name-is':
      return `the container is called ${of('name')}`
    case 'argument-sets-port':
      return `argument ${of('argument')} sets port ${of('port')}`
    case 'port-is-named':
      return `its port ${of('name')} is ${of('port')}`
    case 'port-is-declared':
      return `it declares port ${of('port')}, the usual one of ${of('program')}`
    case 'default-port':
      return `${of('program')} listens on port ${of('port')} unless told otherwise`
    case 'service-leads-to':
      return `service ${of('service')} leads to port ${of('port')} as ${of('name')}`
    case 'class-is':
      return `its class is ${of('class')}`
    default:
      return code.replaceAll('-', ' ')
  }
}
