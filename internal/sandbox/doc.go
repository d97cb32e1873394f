// Package sandbox runs WebAssembly guests so that equal jobs give equal
// outcomes on every machine. It is the project's only door to wazero.
//
// A guest sees its input, its declared blobs, a clock that moves only by what
// the guest does and a random stream derived from the unit's content address.
// It sees no network, no environment, no host file, no real time. What a guest
// may import, how it is called and how it may stop are fixed by
// docs/spec/det-1.md; every stop a guest can cause is an Outcome, equal on every
// engine and architecture, and only what the machine or the caller causes is a
// Go error.
//
// The package promises memory safety only as far as wazero's compiler keeps it:
// callers that run strangers' modules do so in a process they can kill.
package sandbox

// Profile names every choice that shows in a result: the calls a guest may
// make, the clock, the entropy, the limits. Any change of these is a new name.
const Profile = "det-1"
