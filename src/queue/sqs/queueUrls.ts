import { SqsError } from './sqsError.ts'
import { sqsNameOf } from './sqsName.ts'
import type { SqsRequests } from './sqsRequests.ts'

/** The URLs of queues, which are created when they are first used. */
export class QueueUrls {
  #requests: SqsRequests
  /** By our names of the queues. There are as many as connectors and lanes. */
  #urls = new Map<string, Promise<string>>()
  /** Queues that did not exist although their URL was known. */
  #missing = new Set<string>()

  constructor(requests: SqsRequests) {
    this.#requests = requests
  }

  /** The URL of a queue. Creates the queue if it does not exist. Rejects with an SqsError. */
  of(queue: string): Promise<string> {
    const known = this.#urls.get(queue)
    if (known) return known
    const url = this.#findOrCreate(queue)
    this.#urls.set(queue, url)
    url.catch(() => this.#urls.delete(queue))
    return url
  }

  /** The URL of a queue; undefined if the queue does not exist. */
  async find(queue: string): Promise<string | undefined> {
    return this.#urls.get(queue) ?? (await this.#requests.queueUrl(this.#sqsName(queue)))
  }

  /** Creates the queue again at its next use, because it no longer exists. */
  forget(queue: string): void {
    this.#urls.delete(queue)
    this.#missing.add(queue)
  }

  async #findOrCreate(queue: string): Promise<string> {
    const name = this.#sqsName(queue)
    // A process may be allowed to use a queue and not to create it, so it looks first. A queue that
    // was deleted may still be found for a minute, so that is skipped if the queue was missing.
    const found = this.#missing.has(queue) ? undefined : await this.#requests.queueUrl(name)
    const url = found ?? (await this.#create(name, queue))
    this.#missing.delete(queue)
    if (url !== undefined) return url
    throw new SqsError(`SQS did not tell the URL of ${name}`, { kind: 'notDone', code: 'NoUrl' })
  }

  async #create(name: string, queue: string): Promise<string | undefined> {
    try {
      return await this.#requests.createQueue(name, queue)
    } catch (error) {
      // The queue exists, and an operator has changed its attributes.
      if (error instanceof SqsError && EXISTS.has(error.code)) return this.#requests.queueUrl(name)
      throw error
    }
  }

  #sqsName(queue: string): string {
    return sqsNameOf(this.#requests.prefix, queue)
  }
}

const EXISTS = new Set(['QueueAlreadyExists', 'QueueNameExists'])
