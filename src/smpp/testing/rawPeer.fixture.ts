import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { decodePdu } from '../wire/codec.ts'
import { Framer } from '../session/framer.ts'
import type { Pdu } from '../wire/pduTable.ts'

/** One end of a TCP connection. It sends any octets and decodes the PDUs that it receives. */
export class RawPeer {
  readonly socket: Socket
  readonly received: Pdu[] = []
  isEnded = false
  readonly #framer = new Framer(100_000)
  #waiting: (() => void)[] = []

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => this.#onChunk(chunk))
    socket.on('end', () => this.#onEnd())
    socket.on('close', () => this.#onEnd())
    // A reset is treated like any other end of the connection.
    socket.on('error', () => this.#onEnd())
  }

  send(octets: Buffer | string): void {
    this.socket.write(typeof octets === 'string' ? Buffer.from(octets, 'hex') : octets)
  }

  /**
   * Resolves with true as soon as `isThere` is true of the received PDUs, or with false if the
   * connection ends first.
   */
  async until(isThere: (received: readonly Pdu[]) => boolean): Promise<boolean> {
    while (!isThere(this.received)) {
      if (this.isEnded) return false
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    return true
  }

  /** Waits until `count` PDUs have arrived. Returns all received PDUs. */
  async pdus(count: number): Promise<readonly Pdu[]> {
    await this.until((received) => received.length >= count)
    return this.received
  }

  async end(): Promise<void> {
    await this.until(() => this.isEnded)
  }

  close(): void {
    this.socket.destroy()
  }

  #onChunk(chunk: Buffer): void {
    this.#framer.push(chunk)
    while (this.#framer.next() === 'pdu') {
      const decoded = decodePdu(this.#framer.octets, this.#framer.start, this.#framer.end)
      if (decoded.kind === 'pdu') this.received.push(decoded.pdu)
    }
    this.#wake()
  }

  #onEnd(): void {
    this.isEnded = true
    this.#wake()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}

export async function rawClient(port: number): Promise<RawPeer> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const peer = new RawPeer(socket)
  await once(socket, 'connect')
  return peer
}

export interface RawServer {
  readonly port: number
  /** Waits for the next connection. */
  accept(): Promise<RawPeer>
  close(): Promise<void>
}

export async function rawServer(): Promise<RawServer> {
  const peers: RawPeer[] = []
  const taken: RawPeer[] = []
  let wake = () => {}
  const server = createServer({ noDelay: true }, (socket) => {
    peers.push(new RawPeer(socket))
    wake()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    // The server listens on TCP, so its address is not the path of a pipe.
    port: (server.address() as AddressInfo).port,
    async accept() {
      for (;;) {
        const peer = peers.shift()
        if (peer) {
          taken.push(peer)
          return peer
        }
        await new Promise<void>((resolve) => (wake = resolve))
      }
    },
    async close() {
      for (const peer of [...peers, ...taken]) peer.close()
      server.close()
      await once(server, 'close')
    },
  }
}
