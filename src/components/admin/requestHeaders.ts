import type { FastifyReply, FastifyRequest } from 'fastify'
import { ProblemError } from './problem.ts'

/** The revision in `If-Match: "12"`; undefined without that header, or for `*`. */
export function ifRevision(request: FastifyRequest): number | undefined {
  const header = request.headers['if-match']
  if (header === undefined || header === '*') return undefined
  const revision = /^(?:W\/)?"?(\d{1,15})"?$/.exec(header)?.[1]
  if (revision === undefined)
    throw new ProblemError(400, `If-Match is ${header}, expected a revision like "12"`)
  return Number(revision)
}

/** The whole platform has one revision. As the ETag of an answer it can come back as If-Match. */
export function tagRevision(reply: FastifyReply, revision: number): void {
  reply.header('etag', `"${revision}"`)
}
