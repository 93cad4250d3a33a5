// The pages of docs/ that are generated from the code.

import { adminReference } from './adminReference.ts'
import { httpReference } from './httpReference.ts'
import { metricsReference } from './metricsReference.ts'
import { platformReference } from './platformReference.ts'
import { settingsReference } from './settingsReference.ts'
import { smppReference } from './smppReference.ts'

export const GENERATED_PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  'admin-api': adminReference,
  'http-api': httpReference,
  metrics: metricsReference,
  'platform-fields': platformReference,
  settings: settingsReference,
  'smpp-api': () => smppReference().markdown,
}
