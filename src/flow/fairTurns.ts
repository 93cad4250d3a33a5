// Costly work, a few pieces at once. Pieces wait in a line for each party that asked for them, and
// the parties take turns, so a party with a thousand pieces delays another by one piece.

interface Piece {
  start(): void
  isWanted(): boolean
  giveUp(): void
}

/** Below this, pieces that nobody wants any more may wait for their turn. */
const PURGE_MIN = 1_000

export class FairTurns {
  readonly #atOnce: number
  /** In the order of turns; no line is empty. */
  readonly #lines = new Map<string, Set<Piece>>()
  #running = 0
  #waiting = 0
  #purgeAt = PURGE_MIN

  constructor(atOnce: number) {
    this.#atOnce = atOnce
  }

  /** Pieces that have not begun. */
  get waiting(): number {
    return this.#waiting
  }

  /** Resolves as `work` does; with undefined if nobody wants it any more when its turn comes. */
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

  /** The first piece of the party whose turn it is, which then comes last. */
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

  /** Removes pieces that nobody wants any more. At most one walk per doubling of the lines. */
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
