import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A client that sends any octets and exposes the octets that it receives. */
export interface RawHttp {
  readonly socket: Socket
  /** Returns everything received so far. */
  text(): string
  /**
   * Resolves once the received text contains `part`, with everything received so far. Rejects if
   * the connection ends first.
   */
  until(part: string): Promise<string>
  /** Resolves once the connection has ended, with everything that was received. */
  ended(): Promise<string>
}

export async function rawHttp(port: number): Promise<RawHttp> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let text = ''
  let isEnded = false
  let wake = () => {}
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
    wake()
  })
  socket.on('close', () => {
    isEnded = true
    wake()
  })
  socket.on('error', () => undefined) // a reset ends the connection like a normal close
  await once(socket, 'connect')
  const change = () => new Promise<void>((resolve) => (wake = resolve))
  return {
    socket,
    text: () => text,
    until: async (part) => {
      while (!text.includes(part)) {
        if (isEnded) throw new Error(`the connection ended before ${part} arrived: ${text}`)
        await change()
      }
      return text
    },
    ended: async () => {
      while (!isEnded) await change()
      return text
    },
  }
}

export function postWith(headers: readonly string[], body = ''): string {
  const lines = ['POST /v1/messages HTTP/1.1', 'Host: gateway', ...headers]
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}
