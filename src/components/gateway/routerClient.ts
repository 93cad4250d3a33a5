// Submits messages to routers and passes the verdicts of the routers (accepted or refused) to
// listeners. Each account is assigned to one of the live routers by rendezvous hashing. The
// messages for a router are sent in batches, which collect the messages that arrive while earlier
// batches are in progress. A batch keeps its id and its messages in all attempts, even if another
// router gets the next attempt, so that no message is published twice. If a message has no verdict
// at its deadline, its customer gets a temporary error, and the outcome of the message is counted
// as unknown.

import { Agent, type Dispatcher, request } from 'undici'
import { uuidv7 } from 'uuidv7'
import {
  CONTENT_TYPE,
  decodeVerdicts,
  encodeBatch,
  RETRY_HEADER,
  ROUTER_BATCH_PATH,
} from '../../routing/routerCallWire.ts'
import type { Submission, Verdict } from '../../routing/routerCallWire.ts'
import { asError } from '../../flow/asError.ts'
import { backOffMs } from '../../flow/backOff.ts'
import { Batcher } from '../../flow/batcher.ts'
import { rendezvous } from '../../flow/rendezvous.ts'
import type { WatchedOutage } from '../../runtime/troubleLog.ts'
import { ESME_RTHROTTLED } from '../../smpp/index.ts'

export interface RouterClientOptions {
  clusterToken: string
  /** How long a message may wait for a verdict before it is refused. */
  acceptTimeoutMs: number
  onUnknownOutcome: (messages: number) => void
  /** Returns the object that reports outages of a router. Called once for each router. */
  watchRouter: (address: string) => WatchedOutage
  onTrouble: (what: string, error: Error) => void
}

export type VerdictListener = (verdict: Verdict) => void

interface Waiting {
  submission: Submission
  /**
   * When the message was submitted. This is monotonic time, so that a step of the wall clock does
   * not change the deadline.
   */
  sinceMs: number
  onVerdict: VerdictListener
}

const MAX_BATCH_MESSAGES = 1000
const MAX_BATCH_OCTETS = 1024 * 1024
/**
 * The number of concurrent requests to one router. More requests would only make the batches
 * smaller.
 */
const CONCURRENCY = 2
/**
 * After this time without an answer, the batch is sent again. This is safe, because the batch keeps
 * its id.
 */
const ATTEMPT_TIMEOUT_MS = 3_000
const FIRST_RETRY_MS = 25
const LAST_RETRY_MS = 500
/** Takes the place of the address of a router while no router is known. */
const NOWHERE = ''

export class RouterClient {
  #options: RouterClientOptions
  #agent: Dispatcher = new Agent({ connections: CONCURRENCY, pipelining: 1 })
  #routers: readonly string[] = []
  #routerOf = new Map<string, string>()
  #batchers = new Map<string, Batcher<Waiting>>()
  /** The outage reports of all routers that were called, by the address of the router. */
  #watched = new Map<string, WatchedOutage>()

  constructor(options: RouterClientOptions) {
    this.#options = options
  }

  /** @param addresses the live routers, such as `http://10.0.0.7:7070` */
  setRouters(addresses: readonly string[]): void {
    this.#routers = addresses
    this.#routerOf.clear()
    for (const [address, watched] of this.#watched) {
      if (addresses.includes(address)) continue
      if (address === NOWHERE && addresses.length > 0) watched.recovered()
      if (address === NOWHERE) continue
      watched.forget()
      this.#watched.delete(address)
    }
  }

  /**
   * Submits a message. Calls the listener exactly once, at the latest shortly after the deadline.
   */
  submit(submission: Submission, onVerdict: VerdictListener): void {
    this.#batcherOf(this.#routerFor(submission.account)).add({
      submission,
      sinceMs: performance.now(),
      onVerdict,
    })
  }

  async close(): Promise<void> {
    await Promise.all([...this.#batchers.values()].map((batcher) => batcher.whenIdle()))
    await this.#agent.close()
  }

  #routerFor(account: string): string {
    let router = this.#routerOf.get(account)
    if (router === undefined) {
      router = rendezvous(account, this.#routers) ?? NOWHERE
      this.#routerOf.set(account, router)
    }
    return router
  }

  #batcherOf(router: string): Batcher<Waiting> {
    let batcher = this.#batchers.get(router)
    if (!batcher) {
      batcher = new Batcher({
        send: (batch) => this.#deliver(router, batch),
        onError: (error) => this.#options.onTrouble('submitting to a router failed', error),
        maxItems: MAX_BATCH_MESSAGES,
        octetsOf: ({ submission }) => submission.body.length,
        maxOctets: MAX_BATCH_OCTETS,
        concurrency: CONCURRENCY,
      })
      this.#batchers.set(router, batcher)
    }
    return batcher
  }

  async #deliver(preferred: string, batch: Waiting[]): Promise<void> {
    const batchId = uuidv7()
    const submissions = batch.map((waiting) => waiting.submission)
    const octets = encodeBatch({ batchId, submissions })
    // The deadline of the newest message counts for the whole batch. Older messages may have waited
    // behind a slow batch, and would otherwise be refused without an attempt.
    const youngestMs = batch.at(-1)?.sinceMs ?? performance.now()
    const deadlineMs = youngestMs + this.#options.acceptTimeoutMs
    const failed = new Set<string>()
    for (let attempt = 0; ; attempt++) {
      const router = this.#pick(preferred, batchId, failed)
      const leftMs = deadlineMs - performance.now()
      if (leftMs <= 0) return this.#giveUp(batch)
      // AbortSignal.timeout() throws unless the time is a whole number.
      const timeoutMs = Math.ceil(Math.min(leftMs, ATTEMPT_TIMEOUT_MS))
      const verdicts = await this.#attempt(router, octets, { timeoutMs, isRetry: attempt > 0 })
      if (verdicts?.length === batch.length) {
        return batch.forEach((waiting, index) => this.#tell(waiting, verdicts[index]))
      }
      failed.add(router)
      const restMs = Math.min(leftMs, backOffMs(attempt, FIRST_RETRY_MS, LAST_RETRY_MS))
      await new Promise((resolve) => setTimeout(resolve, restMs))
    }
  }

  /**
   * Returns the account's router, or another router if that router has failed. If all routers have
   * failed, all of them are tried again.
   */
  #pick(preferred: string, batchId: string, failed: Set<string>): string {
    if (this.#routers.includes(preferred) && !failed.has(preferred)) return preferred
    const untried = this.#routers.filter((router) => !failed.has(router))
    if (untried.length === 0) failed.clear()
    return rendezvous(batchId, untried.length > 0 ? untried : this.#routers) ?? NOWHERE
  }

  async #attempt(
    router: string,
    octets: Buffer,
    { isRetry, timeoutMs }: { isRetry: boolean; timeoutMs: number },
  ): Promise<Verdict[] | undefined> {
    const watched = this.#watchedRouter(router)
    if (router === NOWHERE) {
      watched.failed(Object.assign(new Error('no router is listed'), { code: 'NO_ROUTER' }))
      return undefined
    }
    try {
      const { statusCode, body } = await request(router + ROUTER_BATCH_PATH, {
        method: 'POST',
        dispatcher: this.#agent,
        headers: {
          'content-type': CONTENT_TYPE,
          authorization: `Bearer ${this.#options.clusterToken}`,
          ...(isRetry && { [RETRY_HEADER]: '1' }),
        },
        body: octets,
        signal: AbortSignal.timeout(timeoutMs),
      })
      const answer = Buffer.from(await body.arrayBuffer())
      if (statusCode === 200) {
        const verdicts = decodeVerdicts(answer)
        watched.recovered()
        return verdicts
      }
      // 503 means a database problem, which the router itself reports.
      if (statusCode === 503) watched.recovered()
      else throw new RouterAnswered(statusCode)
    } catch (thrown) {
      const error = asError(thrown)
      // The time-out of a retry just before the deadline is too short to show whether the router is
      // down.
      const isCutShort = isRetry && timeoutMs < ATTEMPT_TIMEOUT_MS && error.name === 'TimeoutError'
      if (!isCutShort) watched.failed(error)
    }
    return undefined
  }

  #watchedRouter(router: string): WatchedOutage {
    let watched = this.#watched.get(router)
    if (!watched) this.#watched.set(router, (watched = this.#options.watchRouter(router)))
    return watched
  }

  #giveUp(batch: Waiting[]): void {
    this.#options.onUnknownOutcome(batch.length)
    for (const waiting of batch) this.#tell(waiting, UNKNOWN_OUTCOME)
  }

  /** Calls a listener. An error in one listener does not affect the other messages of the batch. */
  #tell({ onVerdict }: Waiting, verdict: Verdict = UNKNOWN_OUTCOME): void {
    try {
      onVerdict(verdict)
    } catch (error) {
      this.#options.onTrouble('answering a customer failed', asError(error))
    }
  }
}

class RouterAnswered extends Error {
  readonly code = 'ROUTER_ANSWERED'
  constructor(statusCode: number) {
    super(`the router answered with HTTP status ${statusCode}`)
  }
}

/**
 * The verdict at the deadline. It is ESME_RTHROTTLED, because many ESMEs discard a message after
 * ESME_RSYSERR.
 */
const UNKNOWN_OUTCOME: Verdict = {
  kind: 'refused',
  commandStatus: ESME_RTHROTTLED,
  reason: 'not accepted in time; please retry',
}
