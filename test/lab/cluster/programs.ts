import { clusterBinaries, ensureBinaries } from '../provision/binaries.ts'
import { ensureModuleFiles, kwokStages, spireKinds } from '../provision/module-files.ts'
import { findPrometheus } from '../provision/prometheus.ts'

/** What the second tier starts, and the files that come with it. */
export interface ClusterPrograms {
  readonly etcd: string
  readonly apiServer: string
  readonly kwok: string
  readonly controllerManager: string
  /** Null: not to be had here. */
  readonly prometheus: string | null
  readonly kwokStages: readonly string[]
  readonly spireKinds: readonly string[]
}

/** Rejects, naming the part, when one of them can neither be found nor built. */
export async function ensureClusterPrograms(log: (line: string) => void): Promise<ClusterPrograms> {
  const binaries = await ensureBinaries(clusterBinaries, { log })
  return {
    etcd: binaries.etcd.path,
    apiServer: binaries['kube-apiserver'].path,
    kwok: binaries.kwok.path,
    controllerManager: binaries['spire-controller-manager'].path,
    prometheus: await findPrometheus(log),
    kwokStages: await ensureModuleFiles(kwokStages),
    spireKinds: await ensureModuleFiles(spireKinds),
  }
}
