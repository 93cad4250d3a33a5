// Fails a test file that leaves a timer, server, socket or child process open, and names the line
// that opened it.

import { beforeAll } from 'vitest'
import { OpenResources } from './openResources.ts'

const resources = new OpenResources()
resources.watch()

// A function returned by a hook runs after all hooks of the file. Such functions run in reverse
// order, so this one, from the first hook, runs last.
beforeAll(() => async () => {
  const open = await resources.stop()
  if (open.length === 1) throw open[0]
  if (open.length > 1) throw new AggregateError(open, `${open.length} resources are still open`)
})
