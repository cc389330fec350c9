// Package httpapi is the daemon's two HTTP faces: the customer listener, which the company's pages talk to, and the
// agent listener with the desk and the company's own API. Each serves its OpenAPI 3.1 description, made from the same
// types as the answers, at /v1/openapi.json.
//
// # Contract
//
// Every error is a problem document (RFC 9457) with a code from code.go that programs may rely on and a detail that
// says what to do. Live updates are event streams whose first event is a whole state, and so is every further one; a
// reader that does not keep up is closed and connects again. Telephone numbers are parsed for the configured region and
// go, with pages and addresses, to the contact's personal data; the director gets keyed hashes.
//
// The customer listener answers the pages of configured sites (CORS) and believes nothing but the tokens that it issued.
// The agent listener has sessions in a same-site cookie, and the header X-Contactd on everything that changes
// something. The company API has keys with scopes, and idempotency keys.
//
// # Concurrency
//
// Handlers run concurrently. They read the director's immutable view and wait for its commits; they hold no locks while
// they wait, but for one idempotency key, or one contact whose number is changed.
//
// # Caveats
//
// The streams hold one goroutine each. Limits are counted per installation in hourly windows that overlap, so that a
// limit of five an hour admits at most five in any clock hour and rarely fewer.
package httpapi
