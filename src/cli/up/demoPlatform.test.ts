import { expect, test } from 'vitest'
import { platformSchema } from '../../platform/platformDocument.ts'
import type { AdminClient } from '../client/adminClient.ts'
import { ProblemResponse } from '../client/httpCall.ts'
import { moveConnector } from './demoPlatform.ts'

const SIMULATOR = { id: 'simulator', host: 'h', port: 1, systemId: 'us', password: 'pw' }

test('moving the simulator does not undo a concurrent change to the platform', async () => {
  let revision = 1
  let stored: unknown = { connectors: [SIMULATOR] }
  const admin: AdminClient = {
    get: async () => {
      const answer = { body: stored, etag: `"${revision}"` }
      if (revision === 1) {
        // Another user adds an account immediately after this read.
        stored = { accounts: [{ id: 'bank' }], connectors: [SIMULATOR] }
        revision = 2
      }
      return answer
    },
    post: async (_path, body, ifRevision) => {
      const problem = { title: '', detail: '', errors: [], pointers: [] }
      if (ifRevision !== undefined && ifRevision !== revision)
        throw new ProblemResponse(412, problem, 'http://localhost/')
      stored = body
      return { body: {}, etag: undefined }
    },
    delete: () => Promise.reject(new Error('not used here')),
  }
  await moveConnector(admin, { host: 'elsewhere', port: 2 })
  expect(platformSchema.parse(stored)).toMatchObject({
    accounts: [{ id: 'bank' }],
    connectors: [{ id: 'simulator', host: 'elsewhere', port: 2 }],
  })
})
