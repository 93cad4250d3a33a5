// The demo: the resources that the first `signalbox up` creates in an empty platform, so that a
// message can be sent immediately. They are an account with one user for SMPP and one for HTTP, a
// connector to the simulated SMSC, and a default route to that connector.

import { writeFile } from 'node:fs/promises'
import { stringify } from 'yaml'
import { platformSchema } from '../../platform/platformDocument.ts'
import type { PlatformDocument } from '../../platform/platformDocument.ts'
import { revisionOf } from '../client/adminClient.ts'
import type { AdminClient } from '../client/adminClient.ts'
import { ProblemResponse } from '../client/httpCall.ts'
import { DEMO_SYSTEM_ID, SMSC_SYSTEM_ID } from './demoNames.ts'
import type { DemoSecrets } from './installationFile.ts'

export interface SmscPlace {
  readonly host: string
  readonly port: number
}

const CONNECTOR = 'simulator'
/** The maximum number of attempts at an edit. An attempt fails if the platform has changed. */
const ATTEMPTS_MAX = 5
const YAML_HEAD = `# The platform as the first start created it, with secrets. Edit this file, then:
#   npx signalbox diff -f FILE     shows what would change
#   npx signalbox apply -f FILE    makes the change
`

/** Creates the demo. Returns false and changes nothing if the platform already holds resources. */
export async function applyDemo(
  admin: AdminClient,
  secrets: DemoSecrets,
  smsc: SmscPlace,
  yamlFile: string,
): Promise<boolean> {
  const demo = demoPlatform(secrets, smsc)
  const isApplied = await editPlatform(admin, (present) =>
    present.accounts.length > 0 || present.connectors.length > 0 ? undefined : demo,
  )
  if (isApplied) await writeFile(yamlFile, `${YAML_HEAD}${stringify(demo)}`, { mode: 0o600 })
  return isApplied
}

/** Points the connector to the simulator's new address, unless the connector was deleted. */
export async function moveConnector(admin: AdminClient, place: SmscPlace): Promise<void> {
  await editPlatform(admin, (platform) => ({
    ...platform,
    connectors: platform.connectors.map((connector) =>
      connector.id === CONNECTOR ? { ...connector, ...place } : connector,
    ),
  }))
}

/**
 * Applies an edit without undoing concurrent changes. Returns false if `edit` returns undefined,
 * which means that nothing is to be changed.
 */
async function editPlatform(
  admin: AdminClient,
  edit: (present: PlatformDocument) => PlatformDocument | undefined,
): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    const answer = await admin.get('/platform')
    const wanted = edit(platformSchema.parse(answer.body))
    if (!wanted) return false
    try {
      await admin.post('/platform/apply', wanted, revisionOf(answer))
      return true
    } catch (error) {
      const isChanged = error instanceof ProblemResponse && error.status === 412
      if (!isChanged || attempt === ATTEMPTS_MAX) throw error
    }
  }
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
