import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

/** The wanted port if it is free on this host, otherwise any free port. 0 means any port. */
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
      // A TCP listener's address is an object; only pipes have a string.
      const { port: taken } = server.address() as AddressInfo
      server.close(() => resolve(taken))
    })
  })
}
