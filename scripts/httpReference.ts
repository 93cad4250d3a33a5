// Makes docs/http-api.md from the routes of the gateway.

import { createHttpApi, type HttpApiOptions } from '../src/components/gateway/httpApi.ts'
import { EVERY_ROUTE, STATES } from '../src/components/gateway/httpRoutes.ts'
import { Credentials } from '../src/components/gateway/credentials.ts'
import { Intake } from '../src/components/gateway/intake.ts'
import { isFinal } from '../src/message/messageProgress.ts'
import { MESSAGE_STATE, type MessageStateName } from '../src/smpp/index.ts'
import { code, tableOf } from './markdownTable.ts'
import { codeBlock, json, problemTable, routeSections, routesOf } from './routeReference.ts'

const OPENING = `# HTTP API for customers

Made by \`npm run docs\` from the routes in the code; change them, not this page.

The gateway answers on port 8080 (\`SIGNALBOX_HTTP_PORT\`). Each call carries the API key of a user
as bearer token. \`npm start\` prints the address, and the key of the demo user. For the examples
below, set it in the shell:

\`\`\`
KEY=DYSaprdSk23pqpBGXwchtaw9wnESLc3Q
\`\`\``

const BAD_NUMBER =
  'to: expected a number in international form: 7 to 15 digits, + optional, got "316"'
const NO_TEXT = 'text: is missing: expected text of 1 to 10000 characters'
const REFUSAL = {
  type: 'about:blank',
  title: 'Bad request',
  status: 400,
  detail: `${BAD_NUMBER}; ${NO_TEXT}`,
  errors: [BAD_NUMBER, NO_TEXT],
}
const PROBLEMS = `Every refusal is a problem document (RFC 9457) with the content type
\`application/problem+json\`. Its \`title\` names the kind of problem, and \`detail\` says what is
wrong and what to do. If a body has several faults, \`errors\` lists them.

\`\`\`
curl http://127.0.0.1:8080/v1/messages \\
  -H "authorization: Bearer $KEY" \\
  -H 'content-type: application/json' \\
  -d '{"to":"316","from":"Signalbox"}'
\`\`\`

${codeBlock(json(REFUSAL), 'json')}`

export async function httpReference(): Promise<string> {
  const routes = await routesOf(createHttpApi(notServing).app)
  // Object.entries forgets the names of the keys.
  const words = Object.entries(STATES) as [MessageStateName, string][]
  const states = words.map(([state, meaning]) => [
    code(state),
    isFinal(MESSAGE_STATE[state]) ? 'yes' : 'no',
    meaning,
  ])
  const blocks = [
    OPENING,
    '## Calls',
    ...routeSections(routes),
    '## States of a message',
    ...tableOf(['state', 'final', 'meaning'], states),
    '## Problems of every call',
    PROBLEMS,
    ...problemTable(EVERY_ROUTE),
  ]
  return `${blocks.join('\n\n')}\n`
}

/** The routes are only read: nothing is ever called. */
const notServing: HttpApiOptions = {
  limits: {
    httpHeadersTimeoutMs: 1000,
    httpRequestTimeoutMs: 1000,
    httpKeepAliveTimeoutMs: 1000,
    httpMaxConnections: 1,
  },
  credentials: new Credentials(() => {
    throw new Error('no request comes in')
  }),
  intake: new Intake({ submit() {} }, 0),
  readStatus: async () => undefined,
  onTrouble(what, error) {
    throw new Error(what, { cause: error })
  },
}
