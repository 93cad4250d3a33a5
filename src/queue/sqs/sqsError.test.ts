import { SQSServiceException } from '@aws-sdk/client-sqs'
import { expect, test } from 'vitest'
import { entryErrorOf, sqsErrorOf } from './sqsError.ts'

function serviceError(name: string, httpStatusCode: number): SQSServiceException {
  const $fault = httpStatusCode < 500 ? 'client' : 'server'
  const $metadata = { httpStatusCode }
  return new SQSServiceException({ name, message: 'no', $fault, $metadata })
}

function nodeError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall })
}

test.each([
  ['AccessDenied', 403, 'refused'],
  ['InvalidParameterValue', 400, 'refused'],
  ['QueueDoesNotExist', 400, 'noQueue'],
  ['AWS.SimpleQueueService.NonExistentQueue', 400, 'noQueue'],
  ['QueueDeletedRecently', 400, 'notDone'],
  ['OverLimit', 403, 'notDone'],
  ['RequestThrottled', 400, 'notDone'],
  ['ThrottlingException', 503, 'notDone'],
  ['Unheard', 429, 'notDone'],
  ['InternalError', 500, 'unanswered'],
  ['ServiceUnavailable', 503, 'unanswered'],
] as const)('the error %s with status %d means %s', (name, status, kind) => {
  expect(sqsErrorOf('SendMessageBatch', serviceError(name, status)).kind).toBe(kind)
})

test('a request was certainly not carried out if there was no connection for it', () => {
  const refused = nodeError('ECONNREFUSED', 'connect')
  const kindOf = (error: unknown) => sqsErrorOf('SendMessageBatch', error).kind
  expect(kindOf(refused)).toBe('notDone')
  expect(kindOf(nodeError('ENOTFOUND', 'getaddrinfo'))).toBe('notDone')
  expect(kindOf(new AggregateError([refused, refused]))).toBe('notDone')
  expect(kindOf(new AggregateError([refused, nodeError('EPIPE', 'write')]))).toBe('unanswered')
  expect(kindOf(nodeError('ECONNRESET', 'read'))).toBe('unanswered')
  expect(kindOf('a text')).toBe('unanswered')
  const slow = new Error('the request socket did not establish a connection with the server')
  expect(kindOf(slow)).toBe('notDone')
})

test('an error names the action, the code and the reason', () => {
  const error = sqsErrorOf('SendMessageBatch', serviceError('AccessDenied', 403))
  expect(error.message).toBe('SQS did not carry out SendMessageBatch: AccessDenied: no')
  expect(error.code).toBe('AccessDenied')
  expect(sqsErrorOf('SendMessageBatch', error)).toBe(error)
})

test.each([
  ['InvalidMessageContents', true, 'entryRefused'],
  ['AWS.SimpleQueueService.RequestThrottled', false, 'notDone'],
  ['RequestThrottled', true, 'notDone'],
  ['InternalError', false, 'unanswered'],
] as const)('an entry that failed with %s (sender fault: %s) was %s', (Code, SenderFault, kind) => {
  expect(entryErrorOf('SendMessageBatch', { Id: '0', Code, SenderFault }).kind).toBe(kind)
})
