import type { SpireSource } from '../../../shared/domain/model/environment.ts'

export type TcpSource = Extract<SpireSource, { address: string }>
export type SocketSource = Extract<SpireSource, { socket: string }>

/** A server over TCP whose identity is in files. */
export type FileSource = Omit<TcpSource, 'identity'> & {
  readonly identity: Extract<TcpSource['identity'], { certificate: string }>
}
