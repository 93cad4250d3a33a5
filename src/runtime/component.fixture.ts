// A component that component.test.ts runs as a separate process. The variable CASE selects its
// behaviour.
import { createServer } from 'node:net'
import { once } from 'node:events'
import { runComponent } from './component.ts'
import type { ComponentContext, RunningComponent } from './component.ts'

const cases: Record<string, (context: ComponentContext<'gateway'>) => Promise<RunningComponent>> = {
  async ordinary({ health, signal, log }) {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    health.setReady('store', true, 'connected')
    signal.addEventListener('abort', () => log.info('received the signal'))
    return {
      ports: { door: 4711 },
      async drain() {
        server.close()
        await once(server, 'close')
      },
    }
  },
  async stuckDrain() {
    return { ports: {}, drain: () => new Promise(() => {}) }
  },
  async stuckStart({ signal }) {
    process.send?.({ kind: 'starting' })
    await once(signal, 'abort')
    throw new Error('gave up waiting')
  },
  async takenPort({ config }) {
    await once(createServer().listen(config.smppPort, '127.0.0.1'), 'listening')
    return { ports: {}, drain: async () => {} }
  },
  async failsLater({ fail }) {
    setImmediate(() => fail(new Error('the disk is gone')))
    return { ports: {}, drain: async () => {} }
  },
  async forgetsRejection() {
    setImmediate(() => {
      // The rejection is unhandled on purpose. `void` silences the lint rule against that.
      void Promise.reject(new Error('nobody looked'))
    })
    return { ports: {}, drain: async () => {} }
  },
}

const start = cases[process.env['CASE'] ?? 'ordinary']
if (start) await runComponent('gateway', start)
