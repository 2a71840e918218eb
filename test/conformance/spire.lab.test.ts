import { readFile } from 'node:fs/promises'
import { spireConnector } from '../../electron/connectors/spire/index.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { startSpireServer } from '../builders/spire-server.ts'
import { connectorSuite } from './connector-suite.ts'

const scopes = ['server', 'entries', 'agents', 'bundle', 'federated', 'authorities', 'federation'].map(
  (part) => `spire/spire/${part}`,
)

connectorSuite({
  name: 'SPIRE, over TCP with the least rights,',
  connector: spireConnector,
  ports: () => connectorPorts(),
  gapWithinMs: 5000,
  async startReal() {
    const server = await startSpireServer()
    await server.command(
      'entry',
      'create',
      '-spiffeID',
      `spiffe://${server.trustDomain}/ns/ai/sa/gateway`,
      '-parentID',
      `spiffe://${server.trustDomain}/spire/agent/x509pop/node-a`,
      '-selector',
      'unix:uid:4711',
    )
    const identity = await server.mint('reader')
    return {
      address: server,
      sourceAt: (address) => server.sourceOverTcp(identity, address),
      settings: { baseDirectory: server.folder, windowSeconds: 60 },
      scopes,
      canaries: [(await readFile(identity.key, 'utf8')).split('\n')[1] ?? ''],
      stop: () => server.stop(),
    }
  },
})
