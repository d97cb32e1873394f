// Package gateway is the HTTP API of a coordinator (CONTRACTS section 10):
// JSON and server-sent events on net/http, described by an OpenAPI 3.1 document
// that is generated from the Go types it answers with. Errors are RFC 9457
// problems that carry a code of CONTRACTS section 8.
//
// It turns requests into calls of the Fabric port and nothing else: it decides
// nothing about a graph, keeps no state between requests and holds no secret. It
// bounds what it reads, how long it waits and how much it holds at once, and
// takes from browsers only requests of its own origin.
//
// It does not authenticate. Until API keys and TLS are there it answers only
// requests addressed to a loopback host, and Listen refuses every other address.
package gateway

//go:generate go test . -run ^TestOpenAPIDocumentIsCurrent$ -update
