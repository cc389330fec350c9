package ari

// Makers lets the conformance test see all event types.
var Makers = makers

// RESTRequest and RESTResponse are what carries requests over the WebSocket.
type (
	RESTRequest  = wsRequest
	RESTResponse = wsResponse
)
