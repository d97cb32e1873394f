// Package client speaks the gateway API of a coordinator (CONTRACTS section 10)
// and, as Backend, is an ExecutionBackend and BlockStore on the other side of it.
//
// Every call of the API is idempotent (a submission by its tenant_id and
// request_id), so that a call whose answer was lost is made again, a bounded
// number of times. Blocks are checked against their addresses here, whatever the
// gateway says; everything else is believed. A stream of events that breaks off
// is taken up again where it broke.
//
// The package holds no state between calls but idle connections, writes no log
// and follows no redirect.
package client
