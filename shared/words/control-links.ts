import type { ControlLink, ControlLinks } from '../domain/model/view.ts'

/** "no agent": what the workload at the other end of a link lacks; empty while the part at this end serves it. */
export function controlLinkText({ kind, state }: Pick<ControlLink, 'kind' | 'state'>): string {
  if (state !== 'failing') return ''
  switch (kind) {
    case 'spire-agent':
      return 'no usable agent'
    case 'opa-instance':
      return 'OPA failing'
    case 'vault':
      return 'Vault failing'
    case 'spire-server':
      return 'SPIRE server failing'
    case 'opa-bundle':
      return 'bundle failing'
    case 'registration-object':
      return 'registration failing'
  }
}

/** "2 of 27 links shown": links are hidden until something fails or is selected. Empty where there is none. */
export function controlLinksNote({
  shown,
  total,
}: {
  readonly shown: ControlLinks['shown']
  readonly total: number
}): string {
  return total === 0 ? '' : `${shown.length} of ${total.toLocaleString('en-GB')} links shown`
}
