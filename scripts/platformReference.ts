// Makes docs/platform-fields.md from the schemas of the resource kinds.

import { RESOURCE_KINDS } from '../src/platform/resourceKinds.ts'
import type { ResourceKind } from '../src/platform/resourceKind.ts'
import { descriptionOf, inputTable } from './fieldTable.ts'
import { paragraph } from './markdownTable.ts'

const OPENING = `# Fields of the platform file

Made by \`npm run docs\` from the schemas in the code; change them, not this page.

[platform-file.md](platform-file.md) explains how to apply such a file. The admin API takes the same
fields as JSON ([admin-api.md](admin-api.md)). A field without a default may be left out, unless it
is required. Unknown fields are refused.

\`\`\`yaml
accounts:
  - id: bank
    defaultLifetimeSeconds: 600
    receiptErrors: { expired waiting: "088" }
users:
  - id: bank
    account: bank
    password: s3cretPw
    window: 100
connectors:
  - id: carrier
    host: smsc.example.net
    port: 2775
    systemId: signalbox
    password: { file: carrier }
    binds: 2
    tps: 100
    messageIdRule: { response: hex, receipt: decimal }
    receiptStates: { ROUTED: ENROUTE }
  - id: old-carrier
    host: smsc.example.com
    port: 2775
    systemId: signalbox
    password: { env: OLD_CARRIER_PASSWORD }
    enabled: false
    waiting: { moveTo: carrier }
routeTable:
  routes:
    - { prefix: "31", connector: carrier }
  default: carrier
\`\`\`

A path such as \`routes[].prefix\` is the field \`prefix\` of each entry of the list \`routes\`.`

export function platformReference(): string {
  return `${[OPENING, ...RESOURCE_KINDS.map(section)].join('\n\n')}\n`
}

function section({ key, schema }: ResourceKind): string {
  return [`## ${key}`, paragraph(descriptionOf(schema)), inputTable(schema)].join('\n\n')
}
