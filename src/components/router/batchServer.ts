import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { asError } from '../../flow/asError.ts'
import {
  CONTENT_TYPE,
  decodeBatch,
  RETRY_HEADER,
  ROUTER_BATCH_PATH,
} from '../../routing/routerCallWire.ts'
import type { SubmissionBatch } from '../../routing/routerCallWire.ts'

export interface BatchServerOptions {
  /** The bearer token that gateways must send. */
  clusterToken: string
  submit: (batch: SubmissionBatch, call: BatchCall) => Promise<Buffer>
  onError: (what: string, error: Error) => void
}

/** Properties of a gateway's request. */
export interface BatchCall {
  /** False after the gateway has disconnected. */
  isWanted: () => boolean
  /** Whether the gateway has sent this batch before without receiving an answer. */
  isRetry: boolean
}

/** Gateways send batches of at most a few hundred KB, so this is a generous limit. */
const MAX_BATCH_OCTETS = 16 * 1024 * 1024
/**
 * This is longer than gateways keep idle connections open, so it is always the gateway that closes
 * an idle connection.
 */
const KEEP_ALIVE_MS = 60_000

/**
 * Creates the HTTP server to which gateways send batches by `POST /v1/batch`. The server answers
 * 200 with the verdicts, 401 for a wrong token, and 400 for an invalid batch. It answers 503 if it
 * is unknown whether the batch was published. The gateway then sends the same batch again, to this
 * or another router.
 */
export function createBatchServer(options: BatchServerOptions): Server {
  const token = digest(`Bearer ${options.clusterToken}`)
  const server = createServer((request, response) => {
    answer(request, response, token, options).catch((error: Error) => {
      options.onError('answering a gateway failed', error)
      end(response, 500)
    })
  })
  server.keepAliveTimeout = KEEP_ALIVE_MS
  server.headersTimeout = KEEP_ALIVE_MS + 5_000
  return server
}

export async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  // The address of a TCP server is an object. Only the address of a pipe is a string.
  return (server.address() as AddressInfo).port
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  token: Buffer,
  { submit, onError }: BatchServerOptions,
): Promise<void> {
  if (!timingSafeEqual(digest(request.headers.authorization ?? ''), token))
    return end(response, 401)
  if (request.method !== 'POST' || request.url !== ROUTER_BATCH_PATH) return end(response, 404)
  const octets = await readBody(request)
  if (!octets) return end(response, 413)
  let batch: SubmissionBatch
  try {
    batch = decodeBatch(octets)
  } catch (error) {
    onError('reading a batch failed', asError(error))
    return end(response, 400)
  }
  try {
    const verdicts = await submit(batch, {
      isWanted: () => !response.destroyed,
      isRetry: request.headers[RETRY_HEADER] !== undefined,
    })
    response.writeHead(200, { 'content-type': CONTENT_TYPE, 'content-length': verdicts.length })
    response.end(verdicts)
  } catch (error) {
    if (response.destroyed) return
    onError('publishing a batch failed', asError(error))
    end(response, 503)
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let octets = 0
  for await (const chunk of request) {
    // An IncomingMessage without an encoding yields buffers.
    const buffer = chunk as Buffer
    octets += buffer.length
    if (octets > MAX_BATCH_OCTETS) return undefined
    chunks.push(buffer)
  }
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 0 })
  response.end()
}
