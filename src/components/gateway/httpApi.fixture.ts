// The customers' HTTP API on a real port, with a platform and a fake router that the test controls.

import type { Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Platform } from '../../platform/platform.ts'
import { hashApiKey } from '../../platform/userSecrets.ts'
import { ACCEPTED, type Submission, type Verdict } from '../../routing/routerCallWire.ts'
import { Credentials } from './credentials.ts'
import { expectDescribedAnswers } from '../describedAnswers.fixture.ts'
import { aliceWith, platformWith } from './customerDoor.fixture.ts'
import { createHttpApi } from './httpApi.ts'
import type { HttpDoorLimits } from './httpDoor.ts'
import { EVERY_ROUTE } from './httpRoutes.ts'
import { Intake } from './intake.ts'
import type { VerdictListener } from './routerClient.ts'

export const API_KEY = 'a-key-of-sixteen-or-more'
export const WITH_KEY = [`Authorization: Bearer ${API_KEY}`, 'Content-Type: application/json']
export const MESSAGE = JSON.stringify({ to: '31612345678', from: 'Signalbox', text: 'hello' })

const NO_LIMITS: HttpDoorLimits = {
  httpHeadersTimeoutMs: 600_000,
  httpRequestTimeoutMs: 600_000,
  httpKeepAliveTimeoutMs: 600_000,
  httpMaxConnections: 1000,
}

interface Api {
  platform: Platform
  submitted: Submission[]
  /**
   * The verdict listeners of messages that were submitted while `isHolding` was true. The fake
   * router does not call these listeners, so that the test decides when each verdict arrives.
   */
  held: VerdictListener[]
  isHolding: boolean
  verdict: Verdict
}

export async function openHttpApi(limits: Partial<HttpDoorLimits> = {}) {
  const api: Api = {
    platform: platformWith([aliceWith({ apiKeyHash: hashApiKey(API_KEY) })]),
    submitted: [],
    held: [],
    verdict: ACCEPTED,
    isHolding: false,
  }
  const router = {
    submit: (submission: Submission, onVerdict: VerdictListener) => {
      api.submitted.push(submission)
      if (api.isHolding) api.held.push(onVerdict)
      else onVerdict(api.verdict)
    },
  }
  const door = createHttpApi({
    limits: { ...NO_LIMITS, ...limits },
    credentials: new Credentials(() => api.platform),
    intake: new Intake(router, 100),
    readStatus: async () => undefined,
    onTrouble: (what, error) => {
      throw new Error(what, { cause: error })
    },
  })
  expectDescribedAnswers(door.app, EVERY_ROUTE)
  const sockets: Socket[] = []
  door.app.server.on('connection', (socket: Socket) => sockets.push(socket))
  const port = await door.listen(0, '127.0.0.1')
  onTestFinished(() => door.drain(0))
  /** The number of octets that the server has received. */
  const octetsRead = () => sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0)
  return Object.assign(api, { door, octetsRead, port })
}
