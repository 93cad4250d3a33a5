// The labels of all metrics. A label has the same meaning in every metric. Each label has a limit:
// a metric shows at most `max` values of the label by name, and combines all other values under the
// name `other`. The limits bound the number of time series, whatever customers and carriers send.

interface Label {
  readonly meaning: string
  readonly max: number
}

/** The limit for a label whose values come from a list in the code. */
const LISTED_MAX = 50
const CONNECTORS_MAX = 500
/** Each connector has three queues, one for each lane. The components share up to 20 more. */
const QUEUES_MAX = 3 * CONNECTORS_MAX + 20

const table = {
  account_class: {
    meaning: '`class` of the account (see platform-file.md); `standard` if it has none',
    max: 20,
  },
  cause: { meaning: 'why a message is submitted again', max: LISTED_MAX },
  command_status: { meaning: 'status of an SMPP response, by name', max: 100 },
  component: { meaning: 'component whose process exports the metric', max: LISTED_MAX },
  connector: { meaning: 'id of a connector', max: CONNECTORS_MAX },
  counted_component: { meaning: 'component whose processes are counted', max: LISTED_MAX },
  message_state: { meaning: 'state of a message in a receipt, by name', max: LISTED_MAX },
  queue: { meaning: 'name of a queue', max: QUEUES_MAX },
  reason: { meaning: 'why a bind was revoked', max: LISTED_MAX },
  result: { meaning: 'how a message, a receipt or a delivery ended', max: LISTED_MAX },
  rows: { meaning: 'kind of stored rows that have a retention period', max: LISTED_MAX },
} as const satisfies Readonly<Record<string, Label>>

export type LabelName = keyof typeof table
export const LABELS: Readonly<Record<LabelName, Label>> = table

/** The label value that replaces all values beyond the limit of a label. */
export const OTHER = 'other'

/** Limits the values of one label of one metric. The first `max` values keep their names. */
export class LabelValues {
  readonly #max: number
  readonly #named = new Set<string>()

  constructor(max: number) {
    this.#max = max
  }

  named(value: string): string {
    if (this.#named.has(value)) return value
    if (this.#named.size >= this.#max) return OTHER
    this.#named.add(value)
    return value
  }
}
