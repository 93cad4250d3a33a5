// Makes docs/admin-api.md from the routes of the admin component.

import { createAdminServer, EVERY_ROUTE } from '../src/components/admin/adminServer.ts'
import type { AdminServerOptions } from '../src/components/admin/adminServerOptions.ts'
import { changeHeaders } from '../src/components/admin/requestHeaders.ts'
import { inputTable } from './fieldTable.ts'
import { codeBlock, json, problemTable, routeSections, routesOf } from './routeReference.ts'

const BASE = 'http://127.0.0.1:8090/admin/v1'

const ACCOUNT = { id: 'bank', enabled: true, defaultLifetimeSeconds: 600 }
const CONFLICT = {
  type: 'about:blank',
  title: 'Precondition failed',
  status: 412,
  detail:
    'somebody else changed the platform and is now at revision 2: look at it again, then repeat ' +
    'the change',
}

const OPENING = `# Admin API

Made by \`npm run docs\` from the routes in the code; change them, not this page.

The admin component answers on port 8090 (\`SIGNALBOX_ADMIN_PORT\`). Each request carries the token
from \`SIGNALBOX_ADMIN_TOKEN\` as bearer token. \`npm start\` prints the address and the token. For
the examples below, set it in the shell:

\`\`\`
TOKEN=Y5t4PPybP6RMvKSUDahThP6YYxDnp9WN
\`\`\`

\`\`\`
curl ${BASE}/accounts/bank \\
  -X PUT \\
  -H "authorization: Bearer $TOKEN" \\
  -H 'content-type: application/json' \\
  -d '{"defaultLifetimeSeconds":600}'
\`\`\`

${codeBlock(json(ACCOUNT), 'json')}

## Revisions

The whole platform has one revision, a number that each change increases. Answers about resources
carry it in the header \`etag\`. A change that sends it back in the header \`if-match\` is refused
with 412 if somebody else changed anything in between. An answer to a change means that the change
is in the database; all components follow within a second.

${inputTable(changeHeaders)}

\`\`\`
curl '${BASE}/platform/apply?dryRun=true' \\
  -H "authorization: Bearer $TOKEN" \\
  -H 'if-match: "1"' \\
  -H 'content-type: application/json' \\
  -d '{"accounts":[{"id":"bank"}]}'
\`\`\`

${codeBlock(json(CONFLICT), 'json')}

## Problems of every route

Every refusal is a problem document (RFC 9457) with the content type
\`application/problem+json\`. Its \`title\` names the kind of problem, and \`detail\` says what is
wrong and what to do. \`errors\` lists each fault of a request, and \`pointers\` says where in its
body each of them is (RFC 6901).`

export async function adminReference(): Promise<string> {
  const routes = await routesOf(createAdminServer(notServing))
  const blocks = [OPENING, ...problemTable(EVERY_ROUTE), '## Routes', ...routeSections(routes)]
  return `${blocks.join('\n\n')}\n`
}

const never = () => {
  throw new Error('the routes are only read, not called')
}

const notServing: AdminServerOptions = {
  adminToken: '',
  resources: { read: never, write: never, waitingFor: never },
  readTrace: never,
  searchMessages: never,
  readBindsUp: never,
  readStatus: never,
  log: { info: never, error: never },
}
