// Stops a gateway, as a rollout does, while HTTP clients have sent only part of their requests.
// SMPP customers are unbound, and the process ends in an orderly way.

import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { Customer } from './customer.ts'
import { type Stack, startStack } from './stack.ts'

const PATIENCE = { timeout: 30_000 }
const POST = 'POST /v1/messages HTTP/1.1\r\nHost: gateway\r\n'

test('half-sent HTTP requests do not keep a gateway from unbinding its customers', async () => {
  // A drain that waited for the clients below would outlast this test.
  const stack = await startStack({
    env: {
      SIGNALBOX_DRAIN_TIMEOUT_MS: '600000',
      SIGNALBOX_HTTP_HEADERS_TIMEOUT_MS: '600000',
      SIGNALBOX_HTTP_REQUEST_TIMEOUT_MS: '600000',
    },
  })
  onTestFinished(async () => void (await stack.stop()))
  const { api, smpp } = stack.ready
  const { host, password = '', port, systemId = '' } = smpp
  const customer = new Customer()
  await customer.bind({ host, port, systemId, password })
  const clients = await Promise.all([
    halfSent(api.url, ''),
    halfSent(api.url, POST),
    halfSent(api.url, `${POST}Content-Length: 100\r\n\r\n{`),
    halfSent(api.url, `${POST}Content-Length: 100\r\nAuthorization: Bearer ${api.key}\r\n\r\n{`),
  ])
  await expect.poll(() => httpConnections(stack), PATIENCE).toBe(clients.length)

  const before = stack.pidOf('gateway')
  process.kill(before, 'SIGTERM')
  await expect.poll(() => customer.closed, PATIENCE).toBe('unbound by the peer')
  await expect.poll(() => clients.every(({ closed }) => closed), PATIENCE).toBe(true)
  await expect.poll(() => stack.pidOf('gateway'), PATIENCE).not.toBe(before)
})

async function halfSent(url: string, octets: string) {
  const { hostname, port } = new URL(url)
  const client = connect(Number(port), hostname)
  onTestFinished(() => void client.destroy())
  client.on('error', () => undefined) // a reset counts as closed
  client.resume() // otherwise the socket does not notice the close
  await once(client, 'connect')
  client.write(octets)
  return client
}

async function httpConnections({ ready }: Stack): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${ready.ports['gateway']}/metrics`)
  return Number(/^signalbox_gateway_http_connections\S* (\d+)$/m.exec(await response.text())?.[1])
}
