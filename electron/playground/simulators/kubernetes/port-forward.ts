import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'

/** Where a port of a pod leads: a TCP port of 127.0.0.1, or, when it leads nowhere, what the kubelet says of it. */
export type ForwardTarget = { readonly port: number } | { readonly words: string }

export interface Forwarding {
  readonly request: IncomingMessage
  readonly socket: Duplex
  /** What came together with the request. */
  readonly head: Buffer
  /** As the pod declares it. */
  readonly port: number
  readonly target: ForwardTarget
  /** What the kubelet says when the target fails: `connect: connection refused`. */
  failed(why: string): string
}

export const channelProtocol = 'v4.channel.k8s.io'
const dataChannel = 0
const errorChannel = 1
const opcodes = { binary: 2, close: 8, ping: 9, pong: 10 } as const
/** Far more than a client of port-forward sends in one frame. */
const longestFrame = 1024 * 1024

/** The kubelet's side of a port-forward over a WebSocket (`v4.channel.k8s.io`), as cri-streaming's portforward does it. */
export function forwardPort({ request, socket, head, port, target: to, failed }: Forwarding): void {
  const key = request.headers['sec-websocket-key'] ?? ''
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  socket.write(
    [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${accept}`,
      `Sec-WebSocket-Protocol: ${channelProtocol}`,
      '',
      '',
    ].join('\r\n'),
  )
  const name = Buffer.alloc(2)
  name.writeUInt16LE(port)
  message(socket, dataChannel, name)
  message(socket, errorChannel, name)
  if ('words' in to) {
    message(socket, errorChannel, Buffer.from(to.words))
    goodbye(socket)
    return
  }
  let isConnected = false
  const target = connect(to.port, '127.0.0.1')
  target.setNoDelay(true)
  target.on('connect', () => {
    isConnected = true
  })
  target.on('data', (bytes) => {
    if (!message(socket, dataChannel, bytes)) {
      target.pause()
      socket.once('drain', () => target.resume())
    }
  })
  target.on('error', () => {
    message(socket, errorChannel, Buffer.from(failed(isConnected ? 'connection reset by peer' : 'connection refused')))
    goodbye(socket)
  })
  target.on('end', () => goodbye(socket))
  socket.on('close', () => target.destroy())
  readFrames(socket, head, (opcode, payload) => {
    if (opcode === opcodes.close) goodbye(socket)
    else if (opcode === opcodes.ping) frame(socket, opcodes.pong, payload)
    else if (opcode === opcodes.binary && payload[0] === dataChannel && !target.write(payload.subarray(1))) {
      socket.pause()
      target.once('drain', () => socket.resume())
    }
  })
}

function message(socket: Duplex, channel: number, bytes: Buffer): boolean {
  return frame(socket, opcodes.binary, Buffer.concat([Buffer.of(channel), bytes]))
}

function goodbye(socket: Duplex): void {
  if (!socket.writable) return
  frame(socket, opcodes.close, Buffer.of(0x03, 0xe8))
  socket.end()
}

function frame(socket: Duplex, opcode: number, payload: Buffer): boolean {
  if (!socket.writable) return true
  const length = payload.length
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  header[0] = 0x80 | opcode
  if (length < 126) header[1] = length
  else if (length < 65_536) {
    header[1] = 126
    header.writeUInt16BE(length, 2)
  } else {
    header[1] = 127
    header.writeBigUInt64BE(BigInt(length), 2)
  }
  return socket.write(Buffer.concat([header, payload]))
}

/** Frames of a client, which are masked. Whoever breaks the protocol is hung up on. */
function readFrames(socket: Duplex, head: Buffer, take: (opcode: number, payload: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0)
  const read = (bytes: Buffer): void => {
    rest = Buffer.concat([rest, bytes])
    for (;;) {
      if (rest.length < 2) return
      const short = (rest[1] ?? 0) & 0x7f
      const at = short === 126 ? 4 : short === 127 ? 10 : 2
      if (rest.length < at + 4) return
      const length = short === 126 ? rest.readUInt16BE(2) : short === 127 ? Number(rest.readBigUInt64BE(2)) : short
      if (((rest[1] ?? 0) & 0x80) === 0 || length > longestFrame) {
        socket.destroy()
        return
      }
      if (rest.length < at + 4 + length) return
      const payload = unmasked(rest.subarray(at + 4, at + 4 + length), rest.subarray(at, at + 4))
      const opcode = (rest[0] ?? 0) & 0x0f
      rest = rest.subarray(at + 4 + length)
      take(opcode, payload)
    }
  }
  socket.on('data', read)
  if (head.length > 0) read(head)
}

function unmasked(bytes: Buffer, mask: Buffer): Buffer {
  const plain = Buffer.from(bytes)
  for (let index = 0; index < plain.length; index += 1) plain[index] = (plain[index] ?? 0) ^ (mask[index & 3] ?? 0)
  return plain
}
