// Package confine takes from a child process what a guest in it must never
// reach: the network, the files of the machine, other processes, new
// privileges, a life longer than its parent's. A Launcher does what the parent can
// do, Limit and Seal what the child does to itself; nothing of it can be undone.
//
// Every measure is tried and reported, and none is fatal: systems differ, and
// the first wall, WebAssembly's own, stands without them. The package promises
// nothing about a measure that is reported as off, and knows nothing of what
// the child is for.
package confine

// Measure is one restriction and whether it is in force.
type Measure struct {
	Name string `json:"name" cbor:"name"`
	On   bool   `json:"on" cbor:"on"`
	// Detail says what exactly is in force, or why it is not.
	Detail string `json:"detail,omitempty" cbor:"detail,omitempty"`
}

// Names of the measures.
const (
	Privileges   = "no_new_privs"
	Network      = "network"
	Files        = "files"
	Parent       = "parent"
	Resources    = "rlimits"
	Calls        = "system_calls"
	Writes       = "writes"
	Memory       = "memory"
	Priority     = "priority"
	notOnSystem  = "not on this system"
	notAvailable = "not available: "
)

func on(name, detail string) Measure { return Measure{Name: name, On: true, Detail: detail} }

// tried is a measure that is in force unless there is an error.
func tried(name, detail string, err error) Measure {
	if err != nil {
		return Measure{Name: name, Detail: notAvailable + err.Error()}
	}
	return on(name, detail)
}

// Rank is how a child stands back behind the other programs of the machine.
type Rank string

// The ranks. The zero value is RankNormal.
const (
	RankNormal Rank = ""
	// RankLow has a small share of a processor that others want too.
	RankLow Rank = "low"
	// RankIdle has what nobody else wants, of processors and of disks.
	RankIdle Rank = "idle"
)

// Limits bound what a process may use of the machine. 0 leaves a limit as it is.
type Limits struct {
	// Files is how many descriptors may be open at once.
	Files uint64
	// FileBytes is how long a file that is written may become. An image of
	// guest memory counts as a file.
	FileBytes uint64
}
