import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** A connection without a network: what is sent to it and what it writes stay in this process. */
export class MemorySocket extends Duplex {
  readonly remoteAddress = 'memory'
  /** Called with each chunk that the session writes. */
  onWritten: (chunk: Buffer) => void = () => undefined

  constructor() {
    super({ allowHalfOpen: true })
  }

  /** For a session: it uses what a Duplex has, and setNoDelay. */
  asSocket(): Socket {
    // The methods of a socket that a session calls are all here.
    return this as unknown as Socket
  }

  setNoDelay(): this {
    return this
  }

  /** As if `chunk` came from the network: read at once unless the session holds its reading. */
  receive(chunk: Buffer): void {
    if (!this.readableEnded && !this.destroyed) this.push(chunk)
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.onWritten(chunk)
    done()
  }
}
