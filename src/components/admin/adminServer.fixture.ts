// An admin server that keeps its resources in memory, for tests of the admin API.

import { onTestFinished } from 'vitest'
import { RevisionConflict } from '../../platform/resourceRow.ts'
import type { ResourceChange, ResourceRow } from '../../platform/resourceRow.ts'
import type { ResourceStore } from '../../platform/storedPlatform.ts'
import { expectDescribedAnswers } from '../describedAnswers.fixture.ts'
import { createAdminServer, EVERY_ROUTE } from './adminServer.ts'
import type { QueueDesk } from './queueDesk.ts'
import type { SearchMessages } from './searchMessages.ts'

export const TOKEN = 'a-token-for-tests'
export const authorization = `Bearer ${TOKEN}`
const emptyStatus = {
  at: '2026-01-01T00:00:00.000Z',
  processes: [],
  customers: [],
  moreCustomers: 0,
  connectors: [],
  queues: [],
  outbox: { pending: 0, oldestAgeSeconds: 0 },
  parkedReceipts: 0,
  deadLetters: [],
}
const emptyPage = {
  messages: [],
  searchedBackTo: '2026-01-01T00:00:00.000Z',
  stopped: undefined,
  next: undefined,
}
const quiet = { info() {}, error() {} }
const noQueues: QueueDesk = {
  list: async () => [],
  deadLetters: async () => ({ deadLetters: [] }),
  deadLetter: async () => undefined,
  redrive: async () => ({ redriven: 0, kept: [] }),
}

export function memoryStore(): ResourceStore & { revision: number; beforeWrite: () => void } {
  const rows = new Map<string, ResourceRow>()
  const store = {
    revision: 0,
    beforeWrite() {},
    async read() {
      return { revision: store.revision, rows: [...rows.values()] }
    },
    async write(changes: readonly ResourceChange[], expectedRevision: number) {
      store.beforeWrite()
      if (store.revision !== expectedRevision) throw new RevisionConflict('concurrent change')
      const revision = ++store.revision
      for (const { kind, id, spec } of changes) {
        const deleted = spec === undefined
        rows.set(`${kind}/${id}`, { kind, id, spec: structuredClone(spec), revision, deleted })
      }
      return revision
    },
    async waitingFor() {
      return 0
    },
  }
  return store
}

export function startServer(
  store: ResourceStore = memoryStore(),
  searchMessages: SearchMessages = async () => emptyPage,
  queues: QueueDesk = noQueues,
) {
  const server = createAdminServer({
    adminToken: TOKEN,
    resources: store,
    readTrace: async () => undefined,
    searchMessages,
    readBindsUp: async () => new Map([['smsc', 1]]),
    readStatus: async () => emptyStatus,
    queues,
    log: quiet,
  })
  expectDescribedAnswers(server, EVERY_ROUTE)
  onTestFinished(() => server.close())
  return server
}

export type Server = ReturnType<typeof startServer>
type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'

export async function call(
  server: Server,
  method: Method,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
) {
  const url = `/admin/v1${path}`
  const response = await server.inject({
    method,
    url,
    headers: { authorization, ...headers },
    ...(body && { payload: body }),
  })
  const answer: unknown = response.body === '' ? undefined : JSON.parse(response.body)
  return { status: response.statusCode, headers: response.headers, answer }
}
