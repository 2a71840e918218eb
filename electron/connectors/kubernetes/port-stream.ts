import { Duplex } from 'node:stream'
import { KubernetesFailure, plain } from './failure.ts'
import { BrokenFrame, clientFrame, createFrameReader, type Frame, opcodes } from './web-socket.ts'

/** Channels of one forwarded port: bytes both ways, and words of the kubelet when it goes wrong. */
const dataChannel = 0
const errorChannel = 1
/** The first message of each channel says which port it is for. */
const portBytes = 2
/** Frames stay well below what any proxy in between takes. */
const longestPiece = 32 * 1024
/** The kubelet's words come together with the end of the data; this long they are waited for. */
const lastWordsMs = 250

export interface PortStreamOptions {
  /** For words: `edge/gateway:15000`. */
  readonly place: string
  readonly connection: Duplex
  /** What came together with the handshake. */
  readonly head: Buffer
}

/**
 * The bytes of one forwarded port over Kubernetes' channel protocol (`v4.channel.k8s.io`). Each message begins with the number
 * of its channel. The protocol has no half-close: ending the writing side keeps the connection, destroying ends it.
 * What the kubelet says on the error channel destroys the stream with a `KubernetesFailure`; one that is cut without a word
 * has lost its way (`no-way`), which says nothing about the pod.
 */
export function portStream({ place, connection, head }: PortStreamOptions): Duplex {
  const frames = createFrameReader()
  const named = new Set<number>()
  let isEnded = false
  let said = ''

  const stream = new Duplex({
    allowHalfOpen: true,
    read: () => void connection.resume(),
    write(chunk: Buffer, _encoding, written) {
      let ready = true
      for (let start = 0; start < chunk.length; start += longestPiece) {
        const piece = chunk.subarray(start, start + longestPiece)
        ready = connection.write(clientFrame(opcodes.binary, [Buffer.of(dataChannel), piece]))
      }
      if (ready || connection.destroyed) written()
      else connection.once('drain', () => written())
    },
    destroy(error, done) {
      if (connection.writable) connection.end(clientFrame(opcodes.close, [Buffer.of(0x03, 0xe8)]))
      // The other side may never answer the goodbye.
      setTimeout(() => connection.destroy(), lastWordsMs).unref()
      done(error)
    },
  })

  function finish(): void {
    if (isEnded) return
    isEnded = true
    if (said !== '') stream.destroy(new KubernetesFailure('unreachable', `port-forward to ${place}: ${said}`))
    else {
      stream.push(null)
      connection.destroy()
    }
  }

  function take(frame: Frame): void {
    if (frame.kind === 'ping') connection.write(clientFrame(opcodes.pong, [frame.bytes]))
    else if (frame.kind === 'close') finish()
    else if (frame.kind === 'message') message(frame.bytes)
  }

  function message(bytes: Buffer): void {
    const channel = bytes[0]
    if (channel !== dataChannel && channel !== errorChannel) return
    let payload = bytes.subarray(1)
    if (!named.has(channel)) {
      if (payload.length < portBytes) return
      named.add(channel)
      payload = payload.subarray(portBytes)
    }
    if (payload.length === 0) return
    if (channel === dataChannel) {
      if (!stream.push(payload)) connection.pause()
      return
    }
    said = plain(`${said}${payload.toString('utf8')}`, 300)
    // Usually the connection ends now; when it does not, the words are enough.
    setTimeout(finish, lastWordsMs).unref()
  }

  function received(bytes: Buffer): void {
    try {
      for (const frame of frames.push(bytes)) if (!isEnded) take(frame)
    } catch (error) {
      if (!(error instanceof BrokenFrame)) throw error
      isEnded = true
      stream.destroy(new KubernetesFailure('invalid', `port-forward to ${place}: ${error.message}`))
    }
  }

  connection.on('data', received)
  connection.on('error', (error) => {
    if (isEnded) return
    isEnded = true
    stream.destroy(new KubernetesFailure('no-way', `port-forward to ${place}: ${error.message}`))
  })
  connection.on('end', lost)
  connection.on('close', lost)
  if (head.length > 0) received(head)
  return stream

  /** The connection ended without a goodbye of the protocol: what came may be cut off. */
  function lost(): void {
    if (isEnded) return
    if (said !== '') {
      finish()
      return
    }
    isEnded = true
    stream.destroy(new KubernetesFailure('no-way', `port-forward to ${place}: the connection was dropped`))
  }
}
