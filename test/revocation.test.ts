// Access that an operator revokes ends for open binds and HTTP clients. The change passes through
// the whole platform: from the admin API through the database to the gateway.

import { expect, onTestFinished, test, vi } from 'vitest'
import { adminCall } from './adminCall.ts'
import { Customer } from './customer.ts'
import { type Stack, startStack } from './stack.ts'

const TO = '31612345678'
const PASSWORD = 'secret-1'
const API_KEY = 'a-key-that-is-revoked-later'

test('a deleted user, changed password or disabled account is refused in a second', async () => {
  const stack = await startStack({})
  onTestFinished(async () => void (await stack.stop()))
  const { admin } = stack.ready
  const put = (path: string, body: object) => adminCall(admin, 'PUT', `/admin/v1${path}`, body)
  const user = { account: 'shop', password: PASSWORD }
  await put('/accounts/shop', { id: 'shop' })
  await put('/users/left', { ...user, id: 'left', apiKey: API_KEY })
  await put('/users/renewed', { ...user, id: 'renewed' })
  await put('/users/closed', { ...user, id: 'closed' })
  const [left, renewed, closed] = await Promise.all(
    ['left', 'renewed', 'closed'].map((systemId) => boundAs(stack, systemId)),
  )
  await expect.poll(() => statusOfPost(stack), CLOSED_WITHIN).toBe(202)

  await adminCall(admin, 'DELETE', '/admin/v1/users/left')
  await ended(left)
  expect(await statusOfPost(stack)).toBe(401)
  await put('/users/renewed', { ...user, id: 'renewed', password: 'secret-2' })
  await ended(renewed)
  await boundAs(stack, 'renewed', 'secret-2')
  // This change must not close the open bind.
  await put('/users/closed', { ...user, id: 'closed', window: 10 })
  await put('/accounts/shop', { id: 'shop', enabled: false })
  await ended(closed)

  const metrics = await fetch(`http://127.0.0.1:${stack.ready.ports['gateway']}/metrics`)
  const text = await metrics.text()
  for (const reason of ['user_deleted', 'password_changed', 'account_disabled'])
    expect(text).toMatch(new RegExp(`gateway_revoked_binds_total{reason="${reason}".*} [12]`))
})

async function boundAs(stack: Stack, systemId: string, password = PASSWORD): Promise<Customer> {
  const customer = new Customer()
  const { host, port } = stack.ready.smpp
  // The gateway loads the user a moment after the change in the admin API.
  await vi.waitFor(() => customer.bind({ host, port, systemId, password }), 15_000)
  onTestFinished(() => customer.unbind())
  // The router loads the account a moment before or after the gateway does.
  await vi.waitFor(() => customer.submit(TO, 0), 15_000)
  return customer
}

/** The promised time, measured from the answer of the admin API. */
const REFUSED_WITHIN = { timeout: 1_000, interval: 20 }
const CLOSED_WITHIN = { timeout: 15_000 }

/** Expects that submits are refused within a second and that the bind is closed later. */
async function ended(customer: Customer | undefined): Promise<void> {
  const submitted = () => customer?.submit(TO, 0).catch(() => 'refused')
  await expect.poll(submitted, REFUSED_WITHIN).toBe('refused')
  await expect.poll(() => customer?.closed, CLOSED_WITHIN).toBe('unbound by the peer')
}

async function statusOfPost({ ready }: Stack): Promise<number> {
  const response = await fetch(`${ready.api.url}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ to: TO, from: 'Shop', text: 'hello' }),
  })
  await response.body?.cancel()
  return response.status
}
