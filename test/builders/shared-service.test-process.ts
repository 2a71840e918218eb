import { createInterface } from 'node:readline'
import { openSharedService } from '../../electron/service/shared-service.ts'

/**
 * A process that opens the service of a home, as `serve` does: arguments are the home. Says `owner` or `second` once it is
 * open, and again for each line that it is sent, after it asked the service something.
 */
const [home = ''] = process.argv.slice(2)
const service = await openSharedService({ host: 'web', home })
const say = (): void => console.log(service.composed() === null ? 'second' : 'owner')
say()
createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line === 'stop') {
      void service.stop().then(() => process.exit(0))
      return
    }
    service
      .client('test')
      .then((client) => client.settings.put({ defaultEnvironment: line }))
      .then(say, (reason: unknown) => console.log(`failed: ${String(reason)}`))
  })
  .on('close', () => process.exit(0))
