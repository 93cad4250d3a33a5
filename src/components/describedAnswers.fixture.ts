// A check for tests of HTTP APIs: every response must match the schema of its route. The API pages
// in docs/ are generated from these schemas, so a wrong schema would make a page wrong.

import type { FastifyReply, FastifyRequest } from 'fastify'
import { expect, onTestFinished } from 'vitest'
import { z } from 'zod'
import type { Problems } from './describedRoute.ts'

type Send = (
  request: Pick<FastifyRequest, 'is404' | 'method' | 'routeOptions'>,
  reply: Pick<FastifyReply, 'statusCode'>,
  payload: unknown,
) => Promise<unknown>
interface Server {
  addHook(name: 'onSend', hook: Send): unknown
}

/**
 * Makes the test fail if a response of this server does not match the schema of its route.
 *
 * @param everyRoute the problems that every route of the server may return
 */
export function expectDescribedAnswers(server: Server, everyRoute: Problems): void {
  const faults: string[] = []
  server.addHook('onSend', async ({ is404, method, routeOptions }, { statusCode }, payload) => {
    const { schema, url } = routeOptions
    const fault = is404 ? undefined : faultOf({ schema, everyRoute }, statusCode, payload)
    if (fault !== undefined) faults.push(`${method} ${url}: ${fault}`)
    return payload
  })
  onTestFinished(() => expect(faults).toEqual([]))
}

interface Described {
  readonly schema: FastifyRequest['routeOptions']['schema']
  readonly everyRoute: Problems
}

function faultOf(
  { everyRoute, schema }: Described,
  status: number,
  payload: unknown,
): string | undefined {
  if (status >= 400) {
    const isDescribed = status in everyRoute || status in (schema?.problems ?? {})
    return isDescribed ? undefined : `the route's schema does not describe problem status ${status}`
  }
  const answers = new Map(Object.entries(schema?.response ?? {}))
  const answer = answers.get(String(status))
  if (!(answer instanceof z.ZodType))
    return `the route's schema does not describe answer status ${status}`
  const given: unknown =
    typeof payload === 'string' && payload !== '' ? JSON.parse(payload) : undefined
  return answer.safeParse(given).error?.message
}
