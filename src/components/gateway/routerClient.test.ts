import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import {
  ACCEPTED,
  decodeBatch,
  encodeVerdicts,
  RETRY_HEADER,
  type Verdict,
} from '../../routing/routerCallWire.ts'
import { newMessageId } from '../../message/ids.ts'
import { RouterClient } from './routerClient.ts'

const open: Server[] = []
const clients: RouterClient[] = []

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
  for (const server of open.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

/**
 * Starts a router that answers with `status`, or accepts all messages if `status` is undefined. It
 * records the id of each batch and whether the request was marked as a retry.
 */
async function router(status?: number) {
  const batchIds: string[] = []
  const retries: boolean[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const batch = decodeBatch(Buffer.concat(chunks))
      batchIds.push(batch.batchId)
      retries.push(request.headers[RETRY_HEADER] !== undefined)
      response.statusCode = status ?? 200
      response.end(status ? '' : encodeVerdicts(batch.submissions.map(() => ACCEPTED)))
    })
  })
  open.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // The address of a TCP listener is an object.
  const { port } = server.address() as AddressInfo
  return { address: `http://127.0.0.1:${port}`, batchIds, retries }
}

function clientOf(addresses: string[], acceptTimeoutMs = 5000) {
  const unknown: number[] = []
  const outages: string[] = []
  const client = new RouterClient({
    clusterToken: 'token',
    acceptTimeoutMs,
    onUnknownOutcome: (messages) => unknown.push(messages),
    watchRouter: (address) => ({
      failed: () => outages.push(`${addresses.indexOf(address)} failed`),
      recovered: () => outages.push(`${addresses.indexOf(address)} recovered`),
      forget: () => outages.push(`${addresses.indexOf(address)} forgotten`),
    }),
    onTrouble: () => undefined, // these tests check outages only
  })
  clients.push(client)
  client.setRouters(addresses)
  return { client, unknown, outages }
}

function submit(client: RouterClient, account = 'demo'): Promise<Verdict> {
  return new Promise((resolve) =>
    client.submit(
      {
        messageId: newMessageId(),
        account,
        user: 'u',
        receivedAtMs: Date.now(),
        body: Buffer.from('body'),
      },
      resolve,
    ),
  )
}

test('messages submitted together share a batch, and each gets its own verdict', async () => {
  const only = await router()
  const { client } = clientOf([only.address])
  const verdicts = await Promise.all([submit(client), submit(client), submit(client)])
  expect(verdicts).toEqual([ACCEPTED, ACCEPTED, ACCEPTED])
  expect(only.batchIds).toHaveLength(1)
})

test('all messages of an account go to the same router while it is up', async () => {
  const routers = [await router(), await router()]
  const { client } = clientOf(routers.map(({ address }) => address))
  for (let i = 0; i < 5; i++) await submit(client, 'demo')
  expect(routers.map(({ batchIds }) => batchIds.length)).toContain(5)
})

test('a batch that one router cannot publish is sent to another under the same id', async () => {
  const failing = [await router(503), await router(503)]
  const healthy = await router()
  const { client } = clientOf([...failing, healthy].map(({ address }) => address))
  // Of eight accounts, at least one is almost certainly assigned to a failing router.
  for (const account of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'])
    expect(await submit(client, account)).toEqual(ACCEPTED)
  const tried = failing.flatMap(({ batchIds }) => batchIds)
  expect(tried.length).toBeGreaterThan(0)
  for (const batchId of tried) expect(healthy.batchIds).toContain(batchId)
  // Only a batch that is sent again is marked as a retry.
  const isRetry = new Map(healthy.batchIds.map((id, index) => [id, healthy.retries[index]]))
  for (const batchId of healthy.batchIds) expect(isRetry.get(batchId)).toBe(tried.includes(batchId))
})

test('a failing router is reported, and is forgotten when it leaves the list', async () => {
  const [broken, healthy] = [await router(500), await router(503)]
  const { client, outages } = clientOf([broken.address, healthy.address], 200)
  await submit(client)
  expect(new Set(outages)).toEqual(new Set(['0 failed', '1 recovered']))
  client.setRouters([healthy.address])
  expect(outages.at(-1)).toBe('0 forgotten')
})

test('a router that is listed before the deadline still gets the batch', async () => {
  const only = await router()
  const { client } = clientOf([], 1_000)
  const verdict = submit(client)
  await vi.waitFor(() => client.setRouters([only.address]))
  expect(await verdict).toEqual(ACCEPTED)
})

test('an empty list of routers is reported as an outage until a router is listed', async () => {
  const { client, outages } = clientOf([], 50)
  await submit(client)
  expect(new Set(outages)).toEqual(new Set(['-1 failed']))
  client.setRouters(['http://127.0.0.1:1'])
  expect(outages.at(-1)).toBe('-1 recovered')
})

test('at the deadline, a message gets a temporary error and counts as unknown', async () => {
  const { client, unknown } = clientOf([], 50)
  expect(await submit(client)).toMatchObject({ kind: 'refused', commandStatus: 0x58 })
  expect(unknown).toEqual([1])
})

test('waiting messages are not refused when the wall clock is set forward', async () => {
  const { client } = clientOf([])
  const verdict = submit(client)
  vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 3_600_000)
  const late = await router()
  client.setRouters([late.address])
  expect(await verdict).toEqual(ACCEPTED)
})

test('waiting messages are refused in time when the wall clock is set back', async () => {
  const { client } = clientOf([], 50)
  const verdict = submit(client)
  vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000)
  expect(await verdict).toMatchObject({ kind: 'refused' })
})

test('a waiting message is sent to a router that is listed later', async () => {
  const { client } = clientOf([])
  const verdict = submit(client)
  const late = await router()
  client.setRouters([late.address])
  expect(await verdict).toEqual(ACCEPTED)
})

test('if a listener throws, the other messages of its batch still get verdicts', async () => {
  const { address, batchIds } = await router()
  const { client } = clientOf([address])
  const submission = {
    messageId: newMessageId(),
    account: 'demo',
    user: 'u',
    receivedAtMs: Date.now(),
    body: Buffer.from('body'),
  }
  client.submit(submission, () => {
    throw new Error('a defect')
  })
  expect(await submit(client)).toEqual(ACCEPTED)
  expect(batchIds).toHaveLength(1)
})
