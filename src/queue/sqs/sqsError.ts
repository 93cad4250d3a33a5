// Failures of requests to SQS, sorted by what they say about the request. The names of the errors
// are those of the SQS API Reference, "Common Errors" and the errors of each action.

import { SQSServiceException, type BatchResultErrorEntry } from '@aws-sdk/client-sqs'
import { asError } from '../../flow/asError.ts'
import { reasonOf } from '../../flow/reasonOf.ts'

export type SqsFailure =
  /** SQS refused the whole request, and would refuse it again. */
  | 'refused'
  /** SQS refused one entry of a batch, and would refuse it again. */
  | 'entryRefused'
  | 'noQueue'
  /** The request was certainly not carried out, and may succeed later. */
  | 'notDone'
  /** The request may have been carried out. */
  | 'unanswered'

interface SqsErrorOptions {
  kind: SqsFailure
  code: string
  isThrottle?: boolean
  cause?: unknown
}

export class SqsError extends Error {
  override readonly name = 'SqsError'
  readonly kind: SqsFailure
  /** The name of SQS's error, or the code of Node's. */
  readonly code: string
  readonly isThrottle: boolean

  constructor(message: string, { cause, code, isThrottle, kind }: SqsErrorOptions) {
    super(message, { cause })
    this.kind = kind
    this.code = code
    this.isThrottle = isThrottle ?? false
  }
}

const THROTTLES = new Set([
  'KmsThrottled',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
])
const NO_QUEUE = new Set(['NonExistentQueue', 'QueueDoesNotExist'])
/**
 * OverLimit: too many messages are in flight. QueueDeletedRecently: a name is free again 60 s after
 * a deletion. The others are about the clock or the credentials, which the SDK corrects or renews
 * before the next request.
 */
const TEMPORARY = new Set([
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'OverLimit',
  'QueueDeletedRecently',
  'RequestExpired',
  'RequestTimeTooSkewed',
])
/** System calls that come before the first octet of a request. */
const CONNECTING = new Set(['connect', 'getaddrinfo'])

/** What the failure of a request means. */
export function sqsErrorOf(action: string, thrown: unknown): SqsError {
  if (thrown instanceof SqsError) return thrown
  const cause = asError(thrown)
  const code = codeOf(cause)
  const { isThrottle, kind } = failureOf(cause, code)
  const what = kind === 'unanswered' ? 'SQS did not answer' : 'SQS did not carry out'
  return new SqsError(`${what} ${action}: ${code}: ${reasonOf(cause)}`, {
    kind,
    code,
    isThrottle,
    cause,
  })
}

/** What the failure of one entry of a batch means. */
export function entryErrorOf(action: string, entry: BatchResultErrorEntry): SqsError {
  const code = shortName(entry.Code ?? 'unknown')
  const isThrottle = THROTTLES.has(code)
  // A fault of SQS is no proof that the entry was not carried out.
  const kind = isThrottle ? 'notDone' : entry.SenderFault ? 'entryRefused' : 'unanswered'
  const message = `SQS did not carry out an entry of ${action}: ${code}: ${entry.Message ?? ''}`
  return new SqsError(message, { kind, code, isThrottle })
}

function failureOf(cause: Error, code: string): { kind: SqsFailure; isThrottle: boolean } {
  const status = cause instanceof SQSServiceException ? cause.$metadata.httpStatusCode : undefined
  if (THROTTLES.has(code) || status === 429) return { kind: 'notDone', isThrottle: true }
  return { kind: kindOf(cause, code, status), isThrottle: false }
}

function kindOf(cause: Error, code: string, status: number | undefined): SqsFailure {
  if (NO_QUEUE.has(code)) return 'noQueue'
  if (TEMPORARY.has(code) || hadNoConnection(cause)) return 'notDone'
  // Without a status there was no answer that can be read.
  return status !== undefined && status >= 400 && status < 500 ? 'refused' : 'unanswered'
}

function hadNoConnection(cause: unknown): boolean {
  // Node tries every address of a host, and joins the errors.
  if (cause instanceof AggregateError) return cause.errors.every(hadNoConnection)
  if (!(cause instanceof Error)) return false
  if ('syscall' in cause) return CONNECTING.has(String(cause.syscall))
  // The SDK's own limit for connecting has no code, so its text must do.
  return cause.message.includes('did not establish a connection')
}

function codeOf(error: Error): string {
  if (error instanceof SQSServiceException) return shortName(error.name)
  return 'code' in error && error.code !== undefined ? String(error.code) : error.name
}

/** Some answers carry the names of the older query protocol, such as `AWS.SimpleQueueService.X`. */
function shortName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}
