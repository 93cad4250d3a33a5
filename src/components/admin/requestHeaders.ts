import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { ProblemError } from './problem.ts'

/** The headers of a route that changes the platform. */
export const changeHeaders = z
  .looseObject({
    'if-match': z
      .string()
      .exactOptional()
      .meta({
        form: 'a revision in quotes, such as "12", or *',
        description:
          'The revision on which the change is based, taken from the header `etag` of an earlier ' +
          'answer. The change is refused if the platform has another revision. Without the ' +
          'header, or with `*`, the change is made to any revision.',
      }),
  })
  .meta({
    description: '`if-match` with the revision on which the change is based',
    see: '[revisions](#revisions)',
  })

export const CHANGED_MEANWHILE = 'The platform does not have the revision in `if-match`.'

/**
 * Returns the revision in a header such as `If-Match: "12"`. Returns undefined if the header is
 * missing or contains `*`.
 */
export function ifRevision(request: FastifyRequest): number | undefined {
  const header = request.headers['if-match']
  if (header === undefined || header === '*') return undefined
  const revision = /^(?:W\/)?"?(\d{1,15})"?$/.exec(header)?.[1]
  if (revision === undefined)
    throw new ProblemError(400, `If-Match is ${header}, expected a revision such as "12"`)
  return Number(revision)
}

/** Sets the ETag of an answer to the revision of the platform, for use in If-Match. */
export function tagRevision(reply: FastifyReply, revision: number): void {
  reply.header('etag', `"${revision}"`)
}
