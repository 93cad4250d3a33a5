import assert from 'node:assert'
import { SQSClient } from '@aws-sdk/client-sqs'
import { isSqsPrefix } from './sqsName.ts'
import { SqsRequests } from './sqsRequests.ts'

export interface SqsSettings {
  region: string
  /** The URL of a server other than the one that AWS names for the region. */
  endpoint?: string
  /** Up to 20 letters, digits and hyphens with which the SQS names of all queues begin. */
  prefix: string
}

/**
 * Shorter than the time limit of a request, so that a request without a connection is known not to
 * have been sent. Below 2 s the SDK leaves a timer behind after a refused connection.
 */
const CONNECT_TIMEOUT_MS = 2_000

/**
 * Opens the connections to SQS, which their owner closes. Credentials come from the SDK's standard
 * chain: environment variables, the token file of a service account (IRSA), Pod Identity, and so
 * on.
 */
export function openSqsClient({ endpoint, prefix, region }: SqsSettings): SqsRequests {
  assert(isSqsPrefix(prefix), `the prefix ${prefix} is not 1 to 20 letters, digits and hyphens`)
  // Each long poll occupies a connection for 20 s. The subscriptions limit their number, and a
  // limit here would make publications wait behind polls.
  const agent = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY }
  const client = new SQSClient({
    region,
    // Otherwise the SDK would connect to the host that is named in the URL of each queue.
    ...(endpoint !== undefined && { endpoint, useQueueUrlAsEndpoint: false }),
    // Only the adapter knows whether a repetition is safe and how long its caller can wait.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      httpAgent: agent,
      httpsAgent: agent,
    },
  })
  return new SqsRequests(client, prefix)
}
