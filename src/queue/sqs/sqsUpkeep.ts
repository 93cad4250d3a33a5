import assert from 'node:assert'
import { setTimeout as pause } from 'node:timers/promises'
import { backOffMs } from '../../flow/backOff.ts'
import { FairTurns } from '../../flow/fairTurns.ts'
import type { DeadLetters, QueueDepth, QueueUpkeep } from '../queue.ts'
import { QueueUrls } from './queueUrls.ts'
import { SqsError } from './sqsError.ts'
import { ownNameOf } from './sqsName.ts'
import type { SqsRequests } from './sqsRequests.ts'

export interface SqsUpkeepOptions {
  /** How long a reading of the depths is used again. Default: 30 s. */
  readonly maxAgeMs?: number
  readonly now?: () => number
}

/**
 * A reading costs one request per queue: with 3,000 queues, $3.50 a day at one reading in 30 s. SQS
 * itself takes about a minute to update the figures.
 */
const MAX_AGE_MS = 30_000
const REQUESTS_AT_ONCE = 16
const ATTEMPTS = 3
const PAUSE_FIRST_MS = 100
const PAUSE_CAP_MS = 1_000

/**
 * Creates the upkeep of the queues on SQS. SQS counts envelopes and does not know how many messages
 * they hold or, except in CloudWatch, how old they are.
 *
 * @param deadLetters the store of dead letters, which is the same for all adapters
 */
export function sqsUpkeep(
  requests: SqsRequests,
  deadLetters: DeadLetters,
  options: SqsUpkeepOptions = {},
): QueueUpkeep {
  const depths = new SqsDepths(requests, options)
  return {
    setAside: (letters) => deadLetters.setAside(letters),
    deadLetters: () => deadLetters.deadLetters(),
    oldestDeadLetterAt: () => deadLetters.oldestDeadLetterAt(),
    forgetDeadLetters: (olderThanDays, max) => deadLetters.forgetDeadLetters(olderThanDays, max),
    depths: () => depths.read(),
    messagesOn: (queues) => depths.messagesOn(queues),
    // There are no batch marks on SQS.
    maintain: () => Promise.resolve(),
  }
}

class SqsDepths {
  #requests: SqsRequests
  #urls: QueueUrls
  #maxAgeMs: number
  #now: () => number
  #turns = new FairTurns(REQUESTS_AT_ONCE)
  /** Our names of queues whose SQS name is a digest, by URL. */
  #taggedNames = new Map<string, string>()
  #depths: QueueDepth[] = []
  #readAtMs = Number.NEGATIVE_INFINITY
  #reading: Promise<QueueDepth[]> | undefined

  constructor(requests: SqsRequests, { maxAgeMs, now }: SqsUpkeepOptions) {
    this.#requests = requests
    this.#urls = new QueueUrls(requests)
    this.#maxAgeMs = maxAgeMs ?? MAX_AGE_MS
    this.#now = now ?? (() => performance.now())
  }

  /** Concurrent calls share one reading. */
  read(): Promise<QueueDepth[]> {
    if (!this.#reading && this.#now() < this.#readAtMs + this.#maxAgeMs)
      return Promise.resolve(this.#depths)
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined))
    return this.#reading
  }

  async messagesOn(queues: readonly string[]): Promise<number> {
    const counts = queues.map(async (queue) => {
      const url = await this.#request(() => this.#urls.find(queue))
      return url === undefined ? 0 : this.#count(url)
    })
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
  }

  async #read(): Promise<QueueDepth[]> {
    const readAtMs = this.#now()
    const urls = await this.#request(() => this.#requests.listQueues())
    const depths = urls.map(async (url) => {
      const envelopes = await this.#count(url)
      const queue = envelopes > 0 ? await this.#nameOf(url) : undefined
      if (queue === undefined) return []
      return [{ queue, envelopes, messages: envelopes, oldestAgeSeconds: 0 }]
    })
    this.#depths = (await Promise.all(depths)).flat()
    this.#readAtMs = readAtMs
    return this.#depths
  }

  /** 0 for a queue that was deleted in the meantime. */
  async #count(url: string): Promise<number> {
    try {
      return await this.#request(() => this.#requests.countMessages(url))
    } catch (error) {
      if (error instanceof SqsError && error.kind === 'noQueue') return 0
      throw error
    }
  }

  async #nameOf(url: string): Promise<string | undefined> {
    const sqsName = url.slice(url.lastIndexOf('/') + 1)
    const name = ownNameOf(this.#requests.prefix, sqsName)
    if (name.kind !== 'hashed') return name.kind === 'known' ? name.queue : undefined
    const known = this.#taggedNames.get(url)
    if (known !== undefined) return known
    const tagged = await this.#request(() => this.#requests.taggedName(url))
    this.#taggedNames.set(url, tagged ?? sqsName)
    return tagged ?? sqsName
  }

  /** Tries a request a few times, because one of thousands would otherwise fail a reading. */
  async #request<Result>(send: () => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        const sent = await this.#turns.take('', async () => ({ result: await send() }))
        // Every piece of work is wanted, so none is given up.
        assert(sent)
        return sent.result
      } catch (error) {
        if (attempt === ATTEMPTS || !(error instanceof SqsError) || !isTemporary(error)) throw error
        await pause(backOffMs(attempt, PAUSE_FIRST_MS, PAUSE_CAP_MS))
      }
    }
  }
}

function isTemporary({ kind }: SqsError): boolean {
  return kind === 'notDone' || kind === 'unanswered'
}
