// The gateway's HTTP port. It limits the number of connections and the time that a request may take
// to arrive, and it drains the port at shutdown. A completely received request is answered, even
// during a drain. An incomplete request does not delay a drain: its connection is closed at the
// time-out, or soon after the drain begins.

import type { Socket } from 'node:net'
import { STATUS_CODES } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { problem, PROBLEM_TYPE } from '../../runtime/problem.ts'
import type { Problem } from '../../runtime/problem.ts'

export interface HttpDoorLimits {
  /**
   * The time from the start of a request (or of its connection) to the end of the request's
   * headers.
   */
  readonly httpHeadersTimeoutMs: number
  /** The time from the start of a request to the end of its body. */
  readonly httpRequestTimeoutMs: number
  /** The time between two requests on a connection. */
  readonly httpKeepAliveTimeoutMs: number
  readonly httpMaxConnections: number
}

const BODY_OCTETS_MAX = 1024 * 1024
/** How many times Node checks for timed-out connections within the time-out for headers. */
const CHECKS_PER_TIMEOUT = 4
/** How long a drain waits for requests that clients sent before they could notice the drain. */
const ARRIVAL_GRACE_MS = 250
const DRAIN_POLL_MS = 20

export class HttpDoor {
  readonly app: FastifyInstance
  readonly #connections = new Set<Socket>()
  /** Connections with a completely received request that is not answered yet. */
  readonly #inHand = new Set<Socket>()
  #dropped = 0
  #isDraining = false

  constructor(limits: HttpDoorLimits) {
    const { httpKeepAliveTimeoutMs, httpRequestTimeoutMs } = limits
    const headersTimeout = Math.min(limits.httpHeadersTimeoutMs, httpRequestTimeoutMs)
    const connectionsCheckingInterval = Math.ceil(headersTimeout / CHECKS_PER_TIMEOUT)
    this.app = Fastify({
      logger: false,
      bodyLimit: BODY_OCTETS_MAX,
      requestTimeout: httpRequestTimeoutMs,
      keepAliveTimeout: httpKeepAliveTimeoutMs,
      http: {
        headersTimeout,
        connectionsCheckingInterval,
        requestTimeout: httpRequestTimeoutMs, // Node requires at least headersTimeout here
      },
      clientErrorHandler: answerBroken,
      return503OnClosing: false, // Fastify's own 503 is not a problem document
    })
    this.#count(limits.httpMaxConnections)
    this.#followRequests()
  }

  get connections(): number {
    return this.#connections.size
  }

  /**
   * How many connections were closed immediately because httpMaxConnections connections were open.
   */
  get droppedConnections(): number {
    return this.#dropped
  }

  /** Starts listening, and resolves with the port number. */
  async listen(port: number, host: string): Promise<number> {
    return Number(new URL(await this.app.listen({ port, host })).port)
  }

  /** Stops accepting requests. Waits up to `answersWithinMs` for answers to received requests. */
  async drain(answersWithinMs: number): Promise<void> {
    this.#isDraining = true
    const closed = this.app.close()
    await emptied(this.#connections, Math.min(ARRIVAL_GRACE_MS, answersWithinMs))
    for (const socket of this.#connections) if (!this.#inHand.has(socket)) socket.destroy()
    await emptied(this.#inHand, answersWithinMs - ARRIVAL_GRACE_MS)
    this.app.server.closeAllConnections()
    await closed
  }

  #count(maxConnections: number): void {
    const { server } = this.app
    server.maxConnections = maxConnections
    server.on('connection', (socket: Socket) => {
      this.#connections.add(socket)
      socket.once('close', () => this.#connections.delete(socket))
    })
    server.on('drop', () => this.#dropped++)
  }

  #followRequests(): void {
    this.app.addHook('onRequest', async (_request, reply) => {
      if (!this.#isDraining) return
      reply.header('retry-after', '1')
      return sendProblem(reply, DRAINING)
    })
    // Fastify calls this hook when the body has been read.
    this.app.addHook('preHandler', async ({ socket }, reply) => {
      this.#inHand.add(socket)
      reply.raw.once('close', () => this.#inHand.delete(socket))
    })
    this.app.addHook('onSend', async (_request, reply) => {
      if (this.#isDraining) reply.header('connection', 'close')
    })
  }
}

/**
 * Resolves when the set is empty, or after pauses of `withinMs` in total. This function counts its
 * own pauses instead of reading a clock. If the process stalls, the stall does not count. So the
 * server still has time to read the requests that arrived during the stall.
 */
async function emptied(sockets: ReadonlySet<Socket>, withinMs: number): Promise<void> {
  for (let waitedMs = 0; sockets.size > 0 && waitedMs < withinMs; waitedMs += DRAIN_POLL_MS)
    await delay(DRAIN_POLL_MS)
}

export function sendProblem(reply: FastifyReply, document: Problem): FastifyReply {
  return reply.code(document.status).type(PROBLEM_TYPE).send(document)
}

const DRAINING = problem(503, 'this gateway is shutting down; please retry')

/** Answers input that arrived too slowly or is not an HTTP request, and closes the connection. */
function answerBroken(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const document = brokenRequest(error.code)
  const body = JSON.stringify(document)
  const head = [
    `HTTP/1.1 ${document.status} ${STATUS_CODES[document.status]}`,
    'Connection: close',
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  socket.destroy()
}

function brokenRequest(code: string | undefined): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return problem(408, 'the request did not arrive completely in time')
  if (code === 'HPE_HEADER_OVERFLOW') return problem(431, 'the headers are too long')
  return problem(400, 'this is not an HTTP request')
}
