import path from 'node:path'
import type { AgentPlan, LabPlan } from '../plan.ts'
import { writeNodeCertificates } from './node-certificates.ts'

/** How agents prove their machines to the SPIRE server. */
export interface NodeAttestation {
  /** The plugin's block in the server's configuration (HCL). */
  readonly server: string
  /** The plugin's block in an agent's configuration (HCL). */
  agent(agent: AgentPlan): string
  /** Resolves when the agent has what it proves itself with. */
  prepare(agent: AgentPlan): Promise<void>
}

/** By certificates of a CA that the lab makes (x509pop): needs nothing but files. */
export function certificateAttestation(plan: LabPlan): NodeAttestation {
  const folder = path.join(plan.runFolder, 'pop')
  const bundle = path.join(folder, 'ca.pem')
  let written: Promise<void> | undefined
  return {
    server: `  NodeAttestor "x509pop" {
    plugin_data {
      ca_bundle_path = "${bundle}"
      agent_path_template = "/x509pop/{{ .Subject.CommonName }}"
    }
  }`,
    agent: (agent) => `  NodeAttestor "x509pop" {
    plugin_data {
      private_key_path = "${path.join(folder, `${agent.node}.key`)}"
      certificate_path = "${path.join(folder, `${agent.node}.pem`)}"
    }
  }`,
    prepare: () => {
      written ??= writeNodeCertificates(plan, bundle)
      return written
    },
  }
}
