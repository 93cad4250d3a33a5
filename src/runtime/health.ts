// The health server of a process. /healthz returns 200 as long as the event loop runs. /ready
// returns 200 while every check is ready and the process is not draining. /metrics returns the
// metrics in Prometheus format.
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import type { Metrics } from './metrics.ts'

/** Records the named checks of a process. /ready returns 200 only if all checks are ready. */
export interface Health {
  setReady(name: string, ready: boolean, detail?: string): void
}

interface Check {
  readonly ready: boolean
  readonly detail?: string
}

export class HealthState implements Health {
  readonly #checks = new Map<string, Check>()
  #draining = false

  setReady(name: string, ready: boolean, detail?: string): void {
    this.#checks.set(name, { ready, ...(detail !== undefined && { detail }) })
  }

  startDraining(): void {
    this.#draining = true
  }

  get ready(): boolean {
    return !this.#draining && [...this.#checks.values()].every((check) => check.ready)
  }

  report(): { ready: boolean; draining: boolean; checks: Record<string, Check> } {
    return {
      ready: this.ready,
      draining: this.#draining,
      checks: Object.fromEntries(this.#checks),
    }
  }
}

export interface HealthServer {
  readonly port: number
  close(): Promise<void>
}

/** Starts the health server. If it cannot listen, rejects with Node's error, such as EADDRINUSE. */
export async function startHealthServer(options: {
  readonly port: number
  readonly host: string
  readonly health: HealthState
  readonly metrics: Metrics
}): Promise<HealthServer> {
  const server = createServer((request, response) => {
    answer(request, response, options).catch((error: unknown) => {
      reply(response, 500, 'text/plain', `${String(error)}\n`)
    })
  })
  server.maxConnections = 200
  await listen(server, options.port, options.host)
  // The address of a TCP listener is an object. Only the address of a pipe is a string.
  const { port } = server.address() as AddressInfo
  return {
    port,
    async close() {
      server.closeAllConnections()
      await promisify(server.close.bind(server))()
    },
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { health, metrics }: { health: HealthState; metrics: Metrics },
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return reply(response, 405, 'text/plain', 'only GET and HEAD are allowed\n')
  }
  switch (request.url?.split('?')[0]) {
    case '/healthz':
      return reply(response, 200, 'application/json', '{"alive":true}\n')
    case '/ready': {
      const report = health.report()
      const body = `${JSON.stringify(report)}\n`
      return reply(response, report.ready ? 200 : 503, 'application/json', body)
    }
    case '/metrics': {
      const body = await metrics.registry.metrics()
      return reply(response, 200, metrics.registry.contentType, body)
    }
    default:
      return reply(response, 404, 'text/plain', 'try /healthz, /ready or /metrics\n')
  }
}

function reply(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
  response.end(body)
}
