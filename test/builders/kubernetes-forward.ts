import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'

/** The kubelet's side of a port-forward over a WebSocket (`v4.channel.k8s.io`), as cri-streaming's portforward does it. */
export function forwardPort(request: IncomingMessage, socket: Duplex, port: number, to: number | string): void {
  const key = request.headers['sec-websocket-key'] ?? ''
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  socket.write(
    [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${accept}`,
      'Sec-WebSocket-Protocol: v4.channel.k8s.io',
      '',
      '',
    ].join('\r\n'),
  )
  const name = Buffer.alloc(2)
  name.writeUInt16LE(port)
  message(socket, 0, name)
  message(socket, 1, name)
  if (typeof to === 'string') {
    message(socket, 1, Buffer.from(`error forwarding port ${port} to pod: ${to}`))
    goodbye(socket)
    return
  }
  const target = connect(to, '127.0.0.1')
  target.on('data', (bytes) => {
    if (!message(socket, 0, bytes)) {
      target.pause()
      socket.once('drain', () => target.resume())
    }
  })
  target.on('error', () => {
    message(socket, 1, Buffer.from(`error forwarding port ${port} to pod: connection refused`))
    goodbye(socket)
  })
  target.on('end', () => goodbye(socket))
  socket.on('close', () => target.destroy())
  readFrames(socket, (opcode, payload) => {
    if (opcode === 8) goodbye(socket)
    else if (opcode === 2 && payload[0] === 0) target.write(payload.subarray(1))
  })
}

function message(socket: Duplex, channel: number, bytes: Buffer): boolean {
  return frame(socket, 2, Buffer.concat([Buffer.of(channel), bytes]))
}

function goodbye(socket: Duplex): void {
  if (!socket.writable) return
  frame(socket, 8, Buffer.of(0x03, 0xe8))
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

/** Frames of a client, which are masked. */
function readFrames(socket: Duplex, take: (opcode: number, payload: Buffer) => void): void {
  let rest = Buffer.alloc(0)
  socket.on('data', (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes])
    for (;;) {
      if (rest.length < 2) return
      const short = (rest[1] ?? 0) & 0x7f
      const at = short === 126 ? 4 : short === 127 ? 10 : 2
      if (rest.length < at + 4) return
      const length = short === 126 ? rest.readUInt16BE(2) : short === 127 ? Number(rest.readBigUInt64BE(2)) : short
      if (rest.length < at + 4 + length) return
      if (((rest[1] ?? 0) & 0x80) === 0) throw new Error('a client must mask its frames')
      const mask = rest.subarray(at, at + 4)
      const payload = Buffer.from(rest.subarray(at + 4, at + 4 + length)).map(
        (byte, index) => byte ^ (mask[index % 4] ?? 0),
      )
      const opcode = (rest[0] ?? 0) & 0x0f
      rest = rest.subarray(at + 4 + length)
      take(opcode, Buffer.from(payload))
    }
  })
}
