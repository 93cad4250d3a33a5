import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as after } from 'node:timers/promises'
import { startFauxqs } from 'fauxqs'

/** What the server was asked for one queue. */
export interface SqsUse {
  requests: number
  /** SQS bills a request, and each further 64 KiB of its payload as one more. */
  billedUnits: number
}

export interface CountingSqs {
  readonly endpoint: string
  readonly region: string
  /** By the name of the queue, then by action. */
  readonly use: ReadonlyMap<string, ReadonlyMap<string, SqsUse>>
  stop(): Promise<void>
}

const REGION = 'eu-west-1'
const BILLED_OCTETS = 64 * 1024

/** Starts an SQS server that answers each request later by `delayMs` and counts what AWS bills. */
export async function startCountingSqs(delayMs: number): Promise<CountingSqs> {
  const fauxqs = await startFauxqs({ port: 0, logger: false, defaultRegion: REGION })
  const use = new Map<string, Map<string, SqsUse>>()
  const proxy = createServer((incoming, response) => {
    void answer(incoming, response, { port: fauxqs.port, delayMs, use })
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  // A server that listens on a port has such an address.
  const { port } = proxy.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    region: REGION,
    use,
    stop: async () => {
      proxy.closeAllConnections()
      await new Promise((resolve) => proxy.close(resolve))
      await fauxqs.stop()
    },
  }
}

interface Forwarding {
  readonly port: number
  readonly delayMs: number
  readonly use: Map<string, Map<string, SqsUse>>
}

async function answer(
  incoming: IncomingMessage,
  response: ServerResponse,
  { delayMs, port, use }: Forwarding,
): Promise<void> {
  const sent = await textOf(incoming)
  const action = String(incoming.headers['x-amz-target']).replace('AmazonSQS.', '')
  await after(delayMs)
  const { headers, method } = incoming
  const outgoing = request({ host: '127.0.0.1', port, method, path: '/', headers })
  outgoing.once('error', () => response.destroy())
  response.once('close', () => outgoing.destroy())
  outgoing.once('response', (answered) => {
    const passOn = (text: string): void => {
      count(use, action, sent, text)
      response.writeHead(answered.statusCode ?? 500, answered.headers)
      response.end(text)
    }
    // The client may have ended its poll.
    textOf(answered).then(passOn, () => response.destroy())
  })
  outgoing.end(sent)
}

function count(
  use: Map<string, Map<string, SqsUse>>,
  action: string,
  sent: string,
  received: string,
): void {
  // The URL of a queue ends with its name. Requests about several queues carry none.
  const { QueueUrl = '' }: { QueueUrl?: string } = JSON.parse(sent)
  const queue = QueueUrl.slice(QueueUrl.lastIndexOf('/') + 1)
  const ofQueue = use.get(queue) ?? new Map<string, SqsUse>()
  use.set(queue, ofQueue)
  const counted = ofQueue.get(action) ?? { requests: 0, billedUnits: 0 }
  ofQueue.set(action, counted)
  const octets =
    bodyOctets(sent, 'Entries', 'MessageBody') + bodyOctets(received, 'Messages', 'Body')
  counted.requests++
  counted.billedUnits += Math.max(1, Math.ceil(octets / BILLED_OCTETS))
}

/** The octets of the message bodies in a request or an answer. */
function bodyOctets(text: string, list: string, field: string): number {
  const { [list]: items = [] }: Record<string, Record<string, unknown>[] | undefined> =
    text === '' ? {} : JSON.parse(text)
  return items.reduce((sum, item) => sum + String(item[field] ?? '').length, 0)
}

async function textOf(stream: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
