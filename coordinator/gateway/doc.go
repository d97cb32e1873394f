// Package gateway is the HTTP API of a coordinator (CONTRACTS section 10):
// JSON and server-sent events on net/http, described by an OpenAPI 3.1 document
// that is generated from the Go types it answers with. Errors are RFC 9457
// problems that carry a code of CONTRACTS section 8.
//
// It turns requests into calls of the Fabric port and nothing else: it decides
// nothing about a graph and keeps nothing between requests but which keys it has
// checked and how much each has called. It bounds what it reads, how long it waits and how much it holds at once, and
// takes from browsers only requests of its own origin.
//
// Every operation says what it needs of its caller's key; one that says nothing
// is closed. A caller sees its own tenant's sessions and blocks and learns nothing
// of others, not even that they exist.
//
// Without TLS it listens on loopback only. With it, one handler serves HTTP/1.1,
// 2 and, on the UDP port of the same number, 3.
package gateway

//go:generate go test . -run ^TestOpenAPIDocumentIsCurrent$ -update
