export {
  controlNamespace,
  machines,
  namespaces,
  suffixOf,
} from '../../../electron/playground/simulators/kubernetes/objects/names.ts'

export const clusterName = 'lab'
/** The class of the SPIRE controller manager: it looks after objects of this class only. */
export const className = 'lab'
