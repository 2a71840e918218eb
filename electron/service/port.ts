import type { MessagePort } from 'node:worker_threads'
import { RPCHandler } from '@orpc/server/message-port'
import type { Shell } from '../../shared/shell.ts'
import type { Log } from '../core/ports.ts'
import type { DesktopPort } from './desktop-ports.ts'
import { handlingOptions } from './handling.ts'
import type { ServiceRouter } from './router.ts'

/**
 * The door for a window: serves the contract over a message port until the port is closed.
 * The main process only hands the port over; it carries no calls itself.
 * @param shell what this window's place can do; without it nothing.
 */
export function servePort(
  router: ServiceRouter,
  port: MessagePort | DesktopPort,
  viewer: string,
  log: Log,
  shell?: Shell,
): void {
  const handler = new RPCHandler(router, handlingOptions(log))
  handler.upgrade(port, { context: { viewer, shell, isPage: shell !== undefined } })
  port.start()
}
