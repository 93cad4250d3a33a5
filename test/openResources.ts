import { createHook } from 'node:async_hooks'

/** A timer, server, socket or child process that is still open, with the code that opened it. */
export class OpenResource extends Error {
  override readonly name = 'OpenResource'

  constructor(type: string, frames: readonly string[]) {
    super(`${type} is still open at the end of its test file; close it in onTestFinished`)
    this.stack = [`${this.name}: ${this.message}`, ...frames].join('\n')
  }
}

/**
 * Node creates these resources itself and keeps them, or frees them only at garbage collection. A
 * socket is tracked through the server or request that it belongs to.
 */
const IGNORED_TYPES = new Set([
  'DNSCHANNEL',
  'ELDHISTOGRAM',
  'JSSTREAM',
  'KEYPAIRGENREQUEST',
  'PerformanceObserver',
  'RANDOMBYTESREQUEST',
  'SIGNREQUEST',
  'STREAM_END_OF_STREAM',
  'TCPWRAP',
  'TIMERWRAP',
  'TLSWRAP',
  'UNDICI_REQUEST',
  'ZLIB',
])
/**
 * Sockets and servers need a few turns of the event loop to close, and processes need time to
 * handle a signal.
 */
const CLOSING_MS_MAX = 1_000
/** Limits the history of a timer that sets itself again in its callback. */
const ORIGINS_MAX = 5
const FRAMES_MAX = 30
const OURS = /file:\/\/(?!.*(\/node_modules\/|\/test\/openResources\.ts))/

/**
 * Lists resources that code outside node_modules opens and does not close. The option
 * `detectAsyncLeaks` of vitest does the same, but it also follows each promise and formats a stack
 * for each. That took a fifth of the CPU time of all tests.
 */
export class OpenResources {
  readonly #resources = new Map<number, Resource>()
  readonly #hook = createHook({
    trackPromises: false,
    init: (asyncId, type, triggerAsyncId, resource) => {
      if (IGNORED_TYPES.has(type)) return
      const trigger = this.#resources.get(triggerAsyncId)
      this.#resources.set(asyncId, new Resource(type, resource, trigger?.origins ?? []))
    },
    destroy: (asyncId) => void this.#resources.delete(asyncId),
  })

  watch(): void {
    this.#hook.enable()
  }

  /**
   * Stops watching. Resolves to the timers that are open now, and to the other resources that are
   * still open after the grace period.
   */
  async stop(): Promise<readonly OpenResource[]> {
    // Node reports the end of a resource one turn of the event loop late.
    await turn()
    const open = new Set(this.#open().filter(({ isOneShot }) => isOneShot))
    const untilMs = performance.now() + CLOSING_MS_MAX
    while (this.#open().some((one) => !open.has(one)) && performance.now() < untilMs) await turn()
    this.#hook.disable()
    for (const one of this.#open()) open.add(one)
    this.#resources.clear()
    return [...open].map(({ type, frames }) => new OpenResource(type, frames))
  }

  #open(): readonly Resource[] {
    return [...this.#resources.values()].filter((one) => one.isOpen && one.frames.length > 0)
  }
}

class Resource {
  readonly type: string
  /**
   * The place that opened the resource, then the place that opened the resource whose callback ran
   * there, and so on.
   */
  readonly origins: readonly Error[]
  /** A one-shot timer ends as soon as it is cleared. Other resources need a moment to close. */
  readonly isOneShot: boolean
  readonly #reference: WeakRef<object>
  #frames: readonly string[] | undefined

  constructor(type: string, resource: object, origins: readonly Error[]) {
    this.type = type
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = FRAMES_MAX
    // Takes about a microsecond, because the stack is formatted only when it is read.
    const origin = new Error(type)
    Error.stackTraceLimit = limit
    this.origins = [origin, ...origins].slice(0, ORIGINS_MAX)
    // Internal to Node: `_repeat` is a number for timers that `setInterval` created.
    this.isOneShot = type === 'Timeout' && '_repeat' in resource && resource._repeat === null
    this.#reference = new WeakRef(resource)
  }

  /** A resource that does not keep the process alive counts as closed. */
  get isOpen(): boolean {
    const resource = this.#reference.deref()
    if (resource === undefined) return false
    if ('hasRef' in resource && typeof resource.hasRef === 'function') return resource.hasRef()
    return !('fd' in resource) || resource.fd !== -1
  }

  /** The stack of the nearest origin in our code; empty if there is no such origin. */
  get frames(): readonly string[] {
    this.#frames ??=
      this.origins
        .map(({ stack = '' }) => stack.split('\n').filter((line) => /^ +at /.test(line)))
        .find((lines) => lines.some((line) => OURS.test(line)))
        ?.filter(
          (line) => !line.includes('test/openResources.ts') && !line.includes('async_hooks'),
        ) ?? []
    return this.#frames
  }
}

/** Resolves in the next turn of the event loop. The immediate used for this has ended by then. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
