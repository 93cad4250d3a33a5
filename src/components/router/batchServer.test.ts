import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { newMessageId } from '../../message/ids.ts'
import { encodeBatch, RETRY_HEADER, ROUTER_BATCH_PATH } from '../../routing/routerCallWire.ts'
import { createBatchServer } from './batchServer.ts'

test('the server recognises batches that a gateway marks as retries', async () => {
  const retries: boolean[] = []
  const server = createBatchServer({
    clusterToken: 'token',
    submit: async (_batch, { isRetry, isWanted }) => {
      expect(isWanted()).toBe(true)
      retries.push(isRetry)
      return Buffer.from('verdicts')
    },
    onError: (what, error) => expect.fail(`${what}: ${error.message}`),
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // The address of a TCP listener is an object.
  const { port } = server.address() as AddressInfo
  const body = new Uint8Array(encodeBatch({ batchId: newMessageId(), submissions: [] }))
  const send = (headers: Record<string, string>) =>
    fetch(`http://127.0.0.1:${port}${ROUTER_BATCH_PATH}`, {
      method: 'POST',
      headers: { authorization: 'Bearer token', connection: 'close', ...headers },
      body,
    })
  expect(await (await send({})).text()).toBe('verdicts')
  await (await send({ [RETRY_HEADER]: '1' })).text()
  expect(retries).toEqual([false, true])
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})
