package httpapi

// Codes of problems. They are part of the API: programs decide by them, so that they do not change.
const (
	CodeInvalid          = "invalid_request"
	CodeMalformed        = "malformed_request"
	CodeTooLarge         = "too_large"
	CodeTooDeep          = "too_deep"
	CodeUnsupportedMedia = "unsupported_media_type"
	CodeNotFound         = "not_found"
	CodeMethod           = "method_not_allowed"
	CodeUnauthorized     = "unauthorized"
	CodeForbidden        = "forbidden"
	CodeOriginMissing    = "origin_missing"
	CodeOrigin           = "origin_not_allowed"
	CodeOverloaded       = "overloaded"
	CodeInternal         = "internal"

	CodeQueueUnknown   = "queue_unknown"
	CodeQueueForbidden = "queue_not_allowed"
	CodePageForbidden  = "page_not_allowed"

	CodeNumberInvalid   = "number_invalid"
	CodeNumberCountry   = "number_country_not_allowed"
	CodeNumberKind      = "number_kind_not_allowed"
	CodeNumberEmergency = "number_emergency"
	CodeNumberNoRoute   = "number_no_route"

	CodeLimitNumber   = "limit_number"
	CodeLimitAddress  = "limit_address"
	CodeLimitNetwork  = "limit_network"
	CodeLimitCalls    = "limit_calls"
	CodeLimitSignIn   = "limit_sign_in"
	CodeContactGone   = "contact_gone"
	CodeNotChangeable = "contact_not_changeable"

	CodeSignIn        = "sign_in_refused"
	CodeReasonUnknown = "reason_unknown"

	CodeIdempotencyMissing = "idempotency_key_missing"
	CodeIdempotencyReuse   = "idempotency_key_reused"
	CodeCursor             = "cursor_invalid"
)
