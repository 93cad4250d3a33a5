// The demo that a first start puts into an empty platform, so that a message can be sent at once:
// an account with an SMPP user and an HTTP user, and the simulated SMSC as the default route.
import { writeFile } from 'node:fs/promises'
import { stringify } from 'yaml'
import { platformSchema } from '../../platform/resources.ts'
import type { PlatformDocument } from '../../platform/resources.ts'
import type { AdminClient } from '../client/adminClient.ts'
import { DEMO_SYSTEM_ID, SMSC_SYSTEM_ID } from './demoNames.ts'
import type { DemoSecrets } from './installationFile.ts'

export interface SmscPlace {
  readonly host: string
  readonly port: number
}

const CONNECTOR = 'simulator'
const YAML_HEAD = `# What the first start of Signalbox applied, secrets included. Change it, then:
#   npx signalbox diff -f FILE     shows what would change
#   npx signalbox apply -f FILE    makes the platform what this file says
`

/** Returns false and does nothing if the platform has accounts or connectors already. */
export async function applyDemo(
  admin: AdminClient,
  secrets: DemoSecrets,
  smsc: SmscPlace,
  yamlFile: string,
): Promise<boolean> {
  const { body } = await admin.get('/platform')
  const present = platformSchema.parse(body)
  if (present.accounts.length > 0 || present.connectors.length > 0) return false
  const demo = demoPlatform(secrets, smsc)
  await admin.post('/platform/apply', demo)
  await writeFile(yamlFile, `${YAML_HEAD}${stringify(demo)}`, { mode: 0o600 })
  return true
}

/** Points the connector at the simulator's new address. A deleted connector stays deleted. */
export async function moveConnector(admin: AdminClient, place: SmscPlace): Promise<void> {
  const { body } = await admin.get('/platform')
  // The API exported this document, and checks it again when it is applied.
  const platform = body as PlatformDocument
  const connectors = platform.connectors.map((connector) =>
    connector.id === CONNECTOR ? { ...connector, ...place } : connector,
  )
  await admin.post('/platform/apply', { ...platform, connectors })
}

function demoPlatform(secrets: DemoSecrets, smsc: SmscPlace): PlatformDocument {
  const { password, apiKey, smscPassword } = secrets
  return platformSchema.parse({
    accounts: [{ id: 'demo', name: 'Demo account' }],
    users: [
      { id: DEMO_SYSTEM_ID, account: 'demo', password },
      { id: 'demo-api', account: 'demo', apiKey },
    ],
    connectors: [
      {
        id: CONNECTOR,
        host: smsc.host,
        port: smsc.port,
        systemId: SMSC_SYSTEM_ID,
        password: smscPassword,
        binds: 2,
        window: 200,
        tps: 5000,
      },
    ],
    routeTable: { default: CONNECTOR },
  })
}
