// What an operator revokes ends on open binds and for open HTTP clients, over the whole platform:
// from the admin API through the database to the gateway.

import { expect, onTestFinished, test, vi } from 'vitest'
import { adminCall } from './adminCall.ts'
import { Customer } from './customer.ts'
import { type Stack, startStack } from './stack.ts'

const TO = '31612345678'
const PASSWORD = 'secret-1'
const API_KEY = 'a-key-that-is-revoked-later'

test('a deleted user, a changed password and a disabled account: refused in a second', async () => {
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
  // Harmless to an open bind.
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
  // The gateway learns of the user a moment after the admin API.
  await vi.waitFor(() => customer.bind({ host, port, systemId, password }), 15_000)
  onTestFinished(() => customer.unbind())
  // And the router learns of the account a moment before or after the gateway.
  await vi.waitFor(() => customer.submit(TO, 0), 15_000)
  return customer
}

/** The promised time, from the answer of the admin API on. */
const REFUSED_WITHIN = { timeout: 1_000, interval: 20 }
const CLOSED_WITHIN = { timeout: 15_000 }

/** Within a second its submits are refused, and in the end the bind is gone. */
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
