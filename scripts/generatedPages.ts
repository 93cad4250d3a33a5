// Every page of docs/ that is made from the code.

import { metricsReference } from './metricsReference.ts'
import { settingsReference } from './settingsReference.ts'
import { smppReference } from './smppReference.ts'

export const GENERATED_PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  metrics: metricsReference,
  settings: settingsReference,
  'smpp-api': () => smppReference().markdown,
}
