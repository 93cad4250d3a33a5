/** ussd_service_op (SMPP 3.4 §5.3.2.44); 32 and above are vendors' own. */
export const USSD_SERVICE_OP = {
  PSSD_INDICATION: 0,
  PSSR_INDICATION: 1,
  USSR_REQUEST: 2,
  USSN_REQUEST: 3,
  PSSD_RESPONSE: 16,
  PSSR_RESPONSE: 17,
  USSR_CONFIRM: 18,
  USSN_CONFIRM: 19,
} as const

export type UssdServiceOp = (typeof USSD_SERVICE_OP)[keyof typeof USSD_SERVICE_OP]
