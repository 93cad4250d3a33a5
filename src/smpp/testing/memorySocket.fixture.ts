import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** A socket in memory, for a session without a network. */
export class MemorySocket extends Duplex {
  readonly remoteAddress = 'memory'
  /** Called with each chunk that the session writes. */
  onWritten: (chunk: Buffer) => void = () => undefined

  constructor() {
    super({ allowHalfOpen: true })
  }

  /** Returns this object with the type that a session needs. */
  asSocket(): Socket {
    // A session only uses setNoDelay and the properties of a Duplex.
    return this as unknown as Socket
  }

  setNoDelay(): this {
    return this
  }

  /** Simulates the arrival of `chunk`. It is read immediately unless the session is paused. */
  receive(chunk: Buffer): void {
    if (!this.readableEnded && !this.destroyed) this.push(chunk)
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.onWritten(chunk)
    done()
  }
}
