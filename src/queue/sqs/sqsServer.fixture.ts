// An SQS server for tests: fauxqs, and a proxy in front of it that can throttle, fail, or drop
// requests and answers.

import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type FauxqsServer, startFauxqs } from 'fauxqs'
import { openSqsClient } from './sqsClient.ts'
import type { SqsAction, SqsRequests } from './sqsRequests.ts'

export type Fault =
  /** SQS answers with this error and does nothing. */
  | { kind: 'error'; status: number; type: string }
  /** SQS answers with these words and does nothing. */
  | { kind: 'answer'; body: unknown }
  /** SQS carries out the request, and the answer is lost. */
  | { kind: 'dropAnswer' }
  /** The connection breaks before SQS reads the request. */
  | { kind: 'dropRequest' }

/** A request as JSON, such as `{ QueueUrl, Entries }`. */
export type SentRequest = Readonly<Record<string, unknown>>

export interface SqsServer {
  readonly fauxqs: FauxqsServer
  /** The requests to the proxy that have no answer yet. */
  readonly underWay: readonly SqsAction[]
  /** Decides what goes wrong with each request to the proxy. */
  fault: (action: SqsAction, sent: SentRequest) => Fault | undefined
  /** Connects to fauxqs like another process. */
  connect(prefix?: string): SqsRequests
  connectToProxy(prefix?: string): SqsRequests
  stop(): Promise<void>
}

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }
const REGION = 'eu-west-1'

export async function startSqsServer(): Promise<SqsServer> {
  const former = Object.keys(CREDENTIALS).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, CREDENTIALS)
  const fauxqs = await startFauxqs({ port: 0, logger: false, defaultRegion: REGION })
  const agent = new Agent({ keepAlive: true })
  const underWay: SqsAction[] = []
  const connections: SqsRequests[] = []
  const proxy = createServer((incoming, response) => {
    const action = actionOf(incoming)
    underWay.push(action)
    response.once('close', () => underWay.splice(underWay.indexOf(action), 1))
    void textOf(incoming).then((text) => {
      const sent: SentRequest = JSON.parse(text)
      const fault = server.fault(action, sent)
      if (fault?.kind === 'dropRequest') incoming.socket.destroy()
      else if (fault?.kind === 'error') answerError(response, fault)
      else if (fault?.kind === 'answer') answer(response, 200, fault.body)
      else forward(incoming, text, response, { agent, port: fauxqs.port, fault })
    })
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  // A server that listens on a port has such an address.
  const { port } = proxy.address() as AddressInfo
  const connect = (to: number, prefix = 'test'): SqsRequests => {
    const endpoint = `http://127.0.0.1:${to}`
    const requests = openSqsClient({ region: REGION, endpoint, prefix })
    connections.push(requests)
    return requests
  }
  const server: SqsServer = {
    fauxqs,
    underWay,
    fault: () => undefined,
    connect: (prefix) => connect(fauxqs.port, prefix),
    connectToProxy: (prefix) => connect(port, prefix),
    stop: async () => {
      for (const requests of connections) requests.close()
      agent.destroy()
      proxy.closeAllConnections()
      await new Promise((resolve) => proxy.close(resolve))
      await fauxqs.stop()
      for (const [name, value] of former) {
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
      }
    },
  }
  return server
}

interface Forwarding {
  agent: Agent
  port: number
  fault: Fault | undefined
}

function forward(
  incoming: IncomingMessage,
  text: string,
  response: ServerResponse,
  { agent, fault, port }: Forwarding,
): void {
  const { headers, method } = incoming
  const outgoing = request({ host: '127.0.0.1', port, method, path: '/', headers, agent })
  outgoing.once('error', () => response.destroy())
  response.once('close', () => outgoing.destroy())
  outgoing.once('response', (answered) => {
    answered.once('error', () => response.destroy())
    if (fault?.kind === 'dropAnswer') {
      answered.resume().once('end', () => response.destroy())
      return
    }
    response.writeHead(answered.statusCode ?? 500, answered.headers)
    answered.pipe(response)
  })
  outgoing.end(text)
}

function answerError(response: ServerResponse, fault: Fault & { kind: 'error' }): void {
  const { status, type } = fault
  answer(response, status, { __type: `com.amazonaws.sqs#${type}`, message: 'as the test wishes' })
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' })
  response.end(JSON.stringify(body))
}

function actionOf({ headers }: IncomingMessage): SqsAction {
  // The adapter sends no other actions.
  return String(headers['x-amz-target']).replace('AmazonSQS.', '') as SqsAction
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
