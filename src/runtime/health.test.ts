import { expect, onTestFinished, test } from 'vitest'
import { HealthState, startHealthServer } from './health.ts'
import { createMetrics } from './metrics.ts'

test('/ready returns 503 if a check is not ready or draining has started', async () => {
  const { health, get } = await started()
  expect((await get('/ready')).status).toBe(200)

  health.setReady('store', false, 'connection refused')
  const refused = await get('/ready')
  expect(refused.status).toBe(503)
  expect(await refused.json()).toEqual({
    ready: false,
    draining: false,
    checks: { store: { ready: false, detail: 'connection refused' } },
  })

  health.setReady('store', true)
  expect((await get('/ready')).status).toBe(200)
  health.startDraining()
  expect((await get('/ready')).status).toBe(503)
  expect((await get('/healthz')).status).toBe(200)
})

test('/metrics serves the metrics in Prometheus format', async () => {
  const { get } = await started()
  const page = await get('/metrics')
  expect(page.headers.get('content-type')).toContain('text/plain')
  expect(await page.text()).toContain('process_start_time_seconds')
})

test('an unknown path lists the known paths, and an unsupported method returns 405', async () => {
  const { get } = await started()
  expect(await (await get('/')).text()).toContain('/healthz')
  expect((await get('/ready', { method: 'POST' })).status).toBe(405)
})

test('startHealthServer rejects with EADDRINUSE if the port is in use', async () => {
  const { port, health, metrics } = await started()
  const second = startHealthServer({ port, host: '127.0.0.1', health, metrics })
  await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE', port })
})

async function started() {
  const health = new HealthState()
  const metrics = createMetrics('router')
  const server = await startHealthServer({ port: 0, host: '127.0.0.1', health, metrics })
  onTestFinished(() => server.close())
  const get = (path: string, options?: RequestInit) =>
    fetch(`http://127.0.0.1:${server.port}${path}`, options)
  return { health, metrics, get, port: server.port }
}
