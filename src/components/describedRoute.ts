// Extends the schema type of fastify routes with fields that document the route. `npm run docs`
// generates the API pages from these fields, and a test fails if a route has no summary. The zod
// schemas of a route describe each field of requests and responses, and every schema in `response`
// has its own description.

export interface RouteExample {
  /** The request body, sent as JSON. */
  readonly body?: object
  /** The value that replaces `:id` in the path. */
  readonly id?: string
  readonly answer: object
}

/** For each status of an error response, the cases in which a request gets that status. */
export type Problems = Readonly<Record<number, string>>

declare module 'fastify' {
  interface FastifySchema {
    /** A heading, such as `Send a message`. `npm run docs` fails if a route has no summary. */
    summary?: string
    /** Details beyond the summary and the fields, in Markdown. */
    description?: string
    /**
     * The problems of this route only. Problems that all routes of an API share are listed once per
     * API, in a constant EVERY_ROUTE.
     */
    problems?: Problems
    example?: RouteExample
  }
}
