// Fails a test file at whose end a timer, server, socket or child process is still open, and names
// the line that opened it.

import { beforeAll } from 'vitest'
import { OpenResources } from './openResources.ts'

const resources = new OpenResources()
resources.watch()

// What a hook returns runs after all hooks of the file, and the first one's runs last.
beforeAll(() => async () => {
  const open = await resources.stop()
  if (open.length === 1) throw open[0]
  if (open.length > 1) throw new AggregateError(open, `${open.length} resources are still open`)
})
