// Package jetstream keeps the event log and the blocks on a NATS JetStream cluster
// that somebody else runs, so that they outlive a machine and another coordinator
// can take over. It is the only package that knows NATS.
//
// The log is one stream with three replicas. A message holds one segment of the
// hash chain and the blocks staged before it, and is published with the sequence
// number it must get: a coordinator that was thought dead and wakes up finds the
// number taken and is refused for ever (eventlog.ErrFenced). Opening the log
// appends a claim of the next epoch in the same way. That is the fencing; the
// lease, a key that its holder renews, only says when to try.
//
// One coordinator leads; others wait in Open and copy blocks meanwhile. Every
// coordinator has a store of its own for blocks, which is filled from the stream and
// may be deleted. Blocks too long for a message are objects of a bucket beside it.
//
// # What the servers must do
//
// The package makes what it needs and checks what it finds; it cannot check
// everything. Servers must run with sync_interval: always: by default JetStream
// syncs every two minutes, and a power cut of the whole cluster would lose what was
// acknowledged. The account should not be allowed to alter or delete streams, since
// deny_delete and deny_purge of a stream do not keep an administrator from giving it
// a shorter memory:
//
//	permissions: { publish: { deny: ["$JS.API.STREAM.UPDATE.>", "$JS.API.STREAM.DELETE.>", "$JS.API.STREAM.PURGE.>"] } }
//
// Open looks whether it could and says so in the log; with RequireDeny it refuses.
//
// When the cluster has no leader, appends wait and are repeated until one is there
// or the patience is over; a repetition can be told from the original by its place
// in the stream. The package does not place its servers, does not watch their
// health, and keeps every record: Trim is UNSUPPORTED, because blocks travel in the
// same messages and a stream that denies deletion makes no exceptions.
package jetstream
