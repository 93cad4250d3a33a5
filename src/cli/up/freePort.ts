import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

/**
 * Resolves with the wanted port if that port is free on this host, and otherwise with any free
 * port. A wanted port of 0 means any free port.
 */
export async function freePort(wanted: number, host: string): Promise<number> {
  return (await tryPort(wanted, host)) ?? (await tryPort(0, host)) ?? 0
}

export async function isFree(port: number, host: string): Promise<boolean> {
  return (await tryPort(port, host)) !== undefined
}

function tryPort(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, host, () => {
      // The address of a TCP listener is an object. Only the address of a pipe is a string.
      const { port: taken } = server.address() as AddressInfo
      server.close(() => resolve(taken))
    })
  })
}
