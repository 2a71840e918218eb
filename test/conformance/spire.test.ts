import { readFile } from 'node:fs/promises'
import { spireConnector } from '../../electron/connectors/spire/index.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { startSimulatedSpire } from '../builders/spire-simulator.ts'
import { connectorSuite } from './connector-suite.ts'
import { spireWordsSuite } from './spire-words-suite.ts'

const scopes = ['server', 'entries', 'agents', 'bundle', 'federated', 'authorities', 'federation'].map(
  (part) => `spire/spire/${part}`,
)

connectorSuite({
  name: 'SPIRE, on the playground,',
  connector: spireConnector,
  ports: () => connectorPorts(),
  gapWithinMs: 5000,
  async startReal() {
    const spire = await startSimulatedSpire()
    return {
      address: { host: '127.0.0.1', port: spire.simulator.port },
      sourceAt: (address) => spire.sourceOverTcp(spire.reader, address),
      settings: { baseDirectory: spire.folder, windowSeconds: 60 },
      scopes,
      canaries: [(await readFile(spire.reader.key, 'utf8')).split('PRIVATE KEY-----\n')[1]?.slice(0, 60) ?? ''],
      stop: () => spire.stop(),
    }
  },
})

spireWordsSuite("the playground's SPIRE", startSimulatedSpire)
