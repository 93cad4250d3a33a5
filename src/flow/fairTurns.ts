// Runs expensive tasks, such as password checks, which are called pieces here. Only a few pieces
// run at the same time. The caller names the party that each piece belongs to, such as a client's
// address. Each party has its own queue of pieces, and the parties take turns. A party with a
// thousand pieces therefore delays another party by only one piece.

interface Piece {
  start(): void
  isWanted(): boolean
  giveUp(): void
}

/** If fewer pieces than this are waiting, unwanted pieces are not removed before their turn. */
const PURGE_MIN = 1_000

export class FairTurns {
  /** The maximum number of pieces that run at the same time. */
  readonly #atOnce: number
  /** The queue of each party. The party whose turn is next comes first. No queue is empty. */
  readonly #lines = new Map<string, Set<Piece>>()
  #running = 0
  #waiting = 0
  #purgeAt = PURGE_MIN

  constructor(atOnce: number) {
    this.#atOnce = atOnce
  }

  /** The number of pieces that have not started. */
  get waiting(): number {
    return this.#waiting
  }

  /**
   * Runs `work` when it is the turn of the party, and settles with the result or error of `work`.
   * Resolves with undefined if `isWanted` returns false before `work` starts.
   */
  take<Result>(
    party: string,
    work: () => Promise<Result>,
    isWanted: () => boolean = () => true,
  ): Promise<Result | undefined> {
    return new Promise((resolve, reject) => {
      const start = (): void => {
        this.#running++
        void work()
          .then(resolve, reject)
          .finally(() => {
            this.#running--
            this.#startNext()
          })
      }
      this.#enqueue(party, { start, isWanted, giveUp: () => resolve(undefined) })
      this.#startNext()
    })
  }

  #enqueue(party: string, piece: Piece): void {
    const line = this.#lines.get(party)
    if (line) line.add(piece)
    else this.#lines.set(party, new Set([piece]))
    this.#waiting++
    if (this.#waiting >= this.#purgeAt) this.#purge()
  }

  #startNext(): void {
    while (this.#running < this.#atOnce) {
      const piece = this.#takeFirst()
      if (!piece) return
      if (piece.isWanted()) piece.start()
      else piece.giveUp()
    }
  }

  /** Removes the first piece of the party whose turn it is, and moves that party to the end. */
  #takeFirst(): Piece | undefined {
    for (const [party, line] of this.#lines) {
      this.#lines.delete(party)
      for (const piece of line) {
        line.delete(piece)
        this.#waiting--
        if (line.size > 0) this.#lines.set(party, line)
        return piece
      }
    }
    return undefined
  }

  /**
   * Removes pieces that are no longer wanted. The next purge runs only after the number of waiting
   * pieces has doubled.
   */
  #purge(): void {
    for (const [party, line] of this.#lines) {
      for (const piece of line) {
        if (piece.isWanted()) continue
        line.delete(piece)
        this.#waiting--
        piece.giveUp()
      }
      if (line.size === 0) this.#lines.delete(party)
    }
    this.#purgeAt = Math.max(PURGE_MIN, 2 * this.#waiting)
  }
}
