/** The body of every error response of our HTTP APIs (RFC 9457). */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  errors?: readonly string[]
}

export const PROBLEM_TYPE = 'application/problem+json'

const TITLES = new Map([
  [400, 'Bad request'],
  [401, 'Not authorised'],
  [404, 'Not found'],
  [408, 'Request time-out'],
  [409, 'Conflict'],
  [412, 'Precondition failed'],
  [413, 'Too large'],
  [415, 'Unsupported media type'],
  [422, 'Refused'],
  [429, 'Too many requests'],
  [431, 'Headers too long'],
  [500, 'Internal error'],
  [503, 'Temporarily unavailable'],
])

/** @param detail what is wrong with this request, and how to correct it */
export function problem(status: number, detail: string, errors?: readonly string[]): Problem {
  const title = TITLES.get(status) ?? (status < 500 ? 'Bad request' : 'Internal error')
  return { type: 'about:blank', title, status, detail, ...(errors && { errors }) }
}
