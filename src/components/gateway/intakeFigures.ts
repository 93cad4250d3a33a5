// Counts the messages that the gateway accepted and refused. The counts are plain numbers, to keep
// the cost per message low. Metrics read them when they are scraped.

import { Histogram } from '../../flow/histogram.ts'
import { DEFAULT_ACCOUNT_CLASS } from '../../platform/account.ts'
import { ANSWER_SECONDS } from '../../runtime/metricDefinition.ts'

interface ClassFigures {
  accepted: number
  /** The number of refusals by command_status. */
  readonly refused: Map<number, number>
}

export class IntakeFigures {
  readonly #classOf: (account: string) => string | undefined
  readonly #byClass = new Map<string, ClassFigures>()
  readonly verdictSeconds = new Histogram(ANSWER_SECONDS)

  /** @param classOf returns the class of an account, or undefined if it has no class */
  constructor(classOf: (account: string) => string | undefined = () => undefined) {
    this.#classOf = classOf
  }

  get byClass(): ReadonlyMap<string, Readonly<ClassFigures>> {
    return this.#byClass
  }

  addAccepted(account: string): void {
    this.#figuresOf(account).accepted++
  }

  addRefused(account: string, commandStatus: number): void {
    const { refused } = this.#figuresOf(account)
    refused.set(commandStatus, (refused.get(commandStatus) ?? 0) + 1)
  }

  #figuresOf(account: string): ClassFigures {
    const name = this.#classOf(account) ?? DEFAULT_ACCOUNT_CLASS
    let figures = this.#byClass.get(name)
    if (!figures) {
      figures = { accepted: 0, refused: new Map() }
      this.#byClass.set(name, figures)
    }
    return figures
  }
}
