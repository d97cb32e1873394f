// Package conformance is the suite that every ExecutionBackend passes: the lines
// of the contract that a caller of a backend can see, as tests.
//
// It brings its own guests and knows nothing of how a backend works. Besides
// what each case asks for, every execution is held to the rules that no graph
// may break: nothing runs before its dependencies, nothing runs that was not
// declared, no budget is exceeded, events are well-formed and walk the states
// of the contract, and telemetry, events and result blocks tell the same story.
//
// What a case leaves behind is compared with golden.json byte for byte, so that
// two backends that pass are equal in all that is deterministic: unit_cids,
// result_cids, outputs, fuel, stop reasons and the order of events.
//
// The suite promises nothing about speed, about what happens to several
// executions together beyond that all end, or about anything behind the port.
package conformance
