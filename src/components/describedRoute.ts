// The documentation of a route of an HTTP API, as part of its schema. `npm run docs` generates the
// API pages from it, and a test fails if a route has no summary. The zod schemas of a route
// describe each field, and every schema in `response` has its own description.

export interface RouteExample {
  /** The request body, sent as JSON. */
  readonly body?: object
  /** The value that replaces `:id` in the path. */
  readonly id?: string
  readonly answer: object
}

/** For each status of an error response, when the request is refused with it. */
export type Problems = Readonly<Record<number, string>>

declare module 'fastify' {
  interface FastifySchema {
    /** A heading, such as `Send a message`. The pages refuse a route without one. */
    summary?: string
    /** Details beyond the summary and the fields, in Markdown. */
    description?: string
    /** The problems of this route. Problems of all routes of an API are described elsewhere. */
    problems?: Problems
    example?: RouteExample
  }
}
