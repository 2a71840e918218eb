import {
  AppWindow,
  Box,
  Cloud,
  Cpu,
  Database,
  FileBadge,
  FileText,
  FlaskConical,
  Funnel,
  IdCard,
  type LucideIcon,
  type LucideProps,
  Package,
  Scale,
  ShieldAlert,
  SprayCan,
  Users,
  Vault,
  Warehouse,
  Workflow,
  Wrench,
} from 'lucide-react'
import { createElement } from 'react'
import type { ControlComponent } from '../../../shared/domain/model/graph.ts'

const kinds: Readonly<Record<string, LucideIcon>> = {
  client: AppWindow,
  gateway: Warehouse,
  firewall: ShieldAlert,
  sanitiser: SprayCan,
  orchestrator: Workflow,
  model: Cpu,
  filter: Funnel,
  store: Database,
  tool: Wrench,
  registry: Package,
  external: Cloud,
  job: FlaskConical,
}

const controls: Readonly<Record<ControlComponent['kind'], LucideIcon>> = {
  'spire-server': IdCard,
  'spire-agent': Users,
  'opa-bundle': FileText,
  'opa-instance': Scale,
  'registration-object': FileBadge,
  vault: Vault,
}

/** The icon of a stage's kind; a kind that is not in the list of intent.yaml gets the one of a plain workload. */
export function KindIcon({ kind, ...look }: { readonly kind: string } & LucideProps) {
  const icon = (Object.hasOwn(kinds, kind) ? kinds[kind] : undefined) ?? Box
  return createElement(icon, { 'aria-hidden': true, ...look })
}

export function ControlIcon({ kind, ...look }: { readonly kind: ControlComponent['kind'] } & LucideProps) {
  return createElement(controls[kind], { 'aria-hidden': true, ...look })
}
