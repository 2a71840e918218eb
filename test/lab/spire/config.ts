import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { roleText } from '../../../electron/core/environment-role.ts'
import { trustDomain } from '../../../electron/playground/pipeline/topology.ts'
import type { AgentPlan, LabPlan } from '../plan.ts'
import type { NodeAttestation } from './attestation.ts'

/** The identity Everyhop reads with: it may ask what Everyhop asks, and nothing else. */
export const readerSpiffeId = `spiffe://${trustDomain}/console/reader`

/** What operators are told to append to SPIRE's own authorisation policy: the lab hands out exactly that. */
export async function readerRule(): Promise<string> {
  const rights = path.join(import.meta.dirname, '..', '..', '..', 'docs', 'rights')
  const read = (file: string): Promise<string> => readFile(path.join(rights, file), 'utf8')
  return `\n${(await roleText({ kind: 'spire', trustDomain, rights: null, user: null }, read)).text}`
}

export interface SpireFiles {
  readonly serverConfig: string
  readonly serverLog: string
  readonly policy: string
  readonly policyData: string
  readonly trustBundle: string
}

export function spireFiles(plan: LabPlan): SpireFiles {
  const folder = path.join(plan.runFolder, 'spire')
  return {
    serverConfig: path.join(folder, 'server.conf'),
    serverLog: path.join(plan.files.logs, 'spire-server.log'),
    policy: path.join(folder, 'policy.rego'),
    policyData: path.join(folder, 'policy_data.json'),
    trustBundle: path.join(folder, 'bundle.pem'),
  }
}

export function agentFiles(plan: LabPlan, agent: AgentPlan): { config: string; log: string; data: string } {
  return {
    config: path.join(plan.runFolder, 'spire', `${agent.node}.conf`),
    log: path.join(plan.files.logs, `spire-agent-${agent.node}.log`),
    data: path.join(plan.runFolder, 'spire', agent.node),
  }
}

/** Configuration of the SPIRE server (HCL). */
export function serverConfig(plan: LabPlan, attestation: NodeAttestation): string {
  const files = spireFiles(plan)
  const data = path.join(plan.runFolder, 'spire', 'server')
  return `server {
  bind_address = "${plan.spire.address}"
  bind_port = "${plan.spire.port}"
  socket_path = "${plan.spire.socket}"
  trust_domain = "${trustDomain}"
  data_dir = "${data}"
  log_level = "INFO"
  log_format = "json"
  log_file = "${files.serverLog}"
  audit_log_enabled = true
  ca_ttl = "24h"
  default_x509_svid_ttl = "10m"
  default_jwt_svid_ttl = "5m"
  agent_ttl = "1h"
  ca_subject {
    country = ["XX"]
    organization = ["${trustDomain}"]
    common_name = ""
  }
  experimental {
    cache_reload_interval = "500ms"
    auth_opa_policy_engine {
      local {
        rego_path = "${files.policy}"
        policy_data_path = "${files.policyData}"
      }
    }
  }
}
plugins {
  DataStore "sql" {
    plugin_data {
      database_type = "sqlite3"
      connection_string = "${path.join(data, 'datastore.sqlite3')}"
    }
  }
  KeyManager "disk" {
    plugin_data {
      keys_path = "${path.join(data, 'keys.json')}"
    }
  }
${attestation.server}
}
health_checks {
  listener_enabled = true
  bind_address = "${plan.spire.address}"
  bind_port = "${plan.spire.healthPort}"
  live_path = "/live"
  ready_path = "/ready"
}
`
}

/** Configuration of one SPIRE agent (HCL). */
export function agentConfig(plan: LabPlan, agent: AgentPlan, attestation: NodeAttestation): string {
  const own = agentFiles(plan, agent)
  return `agent {
  server_address = "${plan.spire.address}"
  server_port = "${plan.spire.port}"
  socket_path = "${agent.socket}"
  trust_bundle_path = "${spireFiles(plan).trustBundle}"
  trust_domain = "${trustDomain}"
  data_dir = "${own.data}"
  log_level = "INFO"
  log_format = "json"
  log_file = "${own.log}"
  experimental {
    sync_interval = "500ms"
  }
}
plugins {
  KeyManager "disk" {
    plugin_data {
      directory = "${own.data}"
    }
  }
${attestation.agent(agent)}
  WorkloadAttestor "unix" {
    plugin_data {
      discover_workload_path = true
      workload_size_limit = -1
    }
  }
}
health_checks {
  listener_enabled = true
  bind_address = "${plan.spire.address}"
  bind_port = "${agent.healthPort}"
  live_path = "/live"
  ready_path = "/ready"
}
`
}
