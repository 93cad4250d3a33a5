import type { FastifyReply, FastifyRequest } from 'fastify'
import { ProblemError } from './problem.ts'

/** The revision in `If-Match: "12"`; undefined when the request does not care. */
export function ifRevision(request: FastifyRequest): number | undefined {
  const header = request.headers['if-match']
  if (header === undefined || header === '*') return undefined
  const revision = /^(?:W\/)?"?(\d{1,15})"?$/.exec(header)?.[1]
  if (revision === undefined)
    throw new ProblemError(400, `If-Match is ${header}, expected a revision like "12"`)
  return Number(revision)
}

/** The platform has one revision for everything in it; as ETag it fits If-Match. */
export function tagRevision(reply: FastifyReply, revision: number): void {
  reply.header('etag', `"${revision}"`)
}
