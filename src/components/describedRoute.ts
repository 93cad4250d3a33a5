// What a route of an HTTP API says of itself, in its schema. `npm run docs` makes the pages of the
// APIs from that, so a route without a summary fails a test. The zod schemas of a route carry the
// meaning of each field, and each schema in `response` has a description of its own.

export interface RouteExample {
  /** Sent as JSON. */
  readonly body?: object
  /** In the place of `:id` in the path. */
  readonly id?: string
  readonly answer: object
}

/** When a request is refused, by status. */
export type Problems = Readonly<Record<number, string>>

declare module 'fastify' {
  interface FastifySchema {
    /** A heading, such as `Send a message`. The pages refuse a route without one. */
    summary?: string
    /** Whatever the summary and the fields do not say, in Markdown. */
    description?: string
    /** Those that every route of the API may answer are described once, not here. */
    problems?: Problems
    example?: RouteExample
  }
}
