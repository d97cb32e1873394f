package rewrite

// Version names the rules this package implements: the profile, the cost
// tables and the bytes it writes. Any change to what it writes is a new one.
const Version = "krako-rw/1"

// What is added to a module, and is refused in a guest's own.
const (
	// ReservedPrefix begins the names of all exports that are added.
	ReservedPrefix = "__krako_"
	// FuelExport is the i64 global of fuel left. It is initially zero: nothing
	// runs until the host grants some.
	FuelExport = ReservedPrefix + "fuel"
	// DepthExport is the i32 global of stack units left. A trap leaves it
	// wherever it was; the host sets it back before the next call.
	DepthExport = ReservedPrefix + "depth"
	// StartExport is the module's start function. It is no longer run by
	// instantiation: the host calls it first, under its own limits.
	StartExport = ReservedPrefix + "start"
	// globalExport, followed by the index, is a mutable global of the guest.
	globalExport = ReservedPrefix + "global_"

	// HostModule is the module of the imports that are added.
	HostModule = "krako"
	// TrapImport, func(code i32), must not return: it stops the guest.
	TrapImport = "trap"
	// YieldImport, func(left i64) i64, is imported by a Yield build only. It is
	// called when fuel is below zero, and in the midst of long fills and copies,
	// with what FuelExport holds; it returns what is left after a further grant,
	// or does not return.
	YieldImport = "yield"
)

// The codes given to TrapImport.
const (
	TrapOutOfFuel     int32 = 1
	TrapStackOverflow int32 = 2
	// TrapNoCode is given by husks only: nothing but their own code calls it.
	TrapNoCode int32 = 3
)

// Options are the caller's choices. They are part of what the output is a
// function of.
type Options struct {
	// Imports are the functions that a guest may import, with their types.
	Imports map[Import]FuncType
	// Yield makes exhausted fuel call YieldImport rather than TrapImport. Both
	// builds charge and check the same amounts at the same points.
	Yield bool
	// OmitData leaves the active data segments out of the module. The caller
	// then writes Info.Data, or a snapshot, before it calls anything.
	OmitData bool
	// FuelOnly leaves out call depth, NaNs and remainders, to measure what each
	// costs. What it writes is not of the profile.
	FuelOnly bool
	// StackUnits is the initial value of DepthExport, at most 1<<31 - 1.
	StackUnits uint32
	Limits     Limits
}

// DefaultOptions are those of the profile, with no imports allowed.
func DefaultOptions() Options {
	return Options{StackUnits: DefaultStackUnits, Limits: DefaultLimits()}
}

// DefaultStackUnits is below 32 MB of the engine's stack, which ends between 50
// and 100 MB. Compiled Go takes 107 units a frame in the median and uses a fifth.
const DefaultStackUnits = 4_000_000

// Limits bound what a module may declare. They keep compiling and
// instantiating it cheap; each is far above what compilers produce.
type Limits struct {
	ModuleBytes   int    // whole module
	CodeBytes     int    // its code, rewritten
	FunctionBytes int    // one function body
	Functions     uint32 // imported and defined
	Types         uint32
	Params        uint32 // of one function type
	Results       uint32 // of one function type
	Imports       uint32
	Exports       uint32
	NameBytes     uint32 // one import or export name
	Globals       uint32
	Tables        uint32
	TableElements uint32 // one table: its minimum is refused, its maximum lowered to this
	Elements      uint32 // element segments, and their elements together
	DataSegments  uint32
	Locals        uint32 // of one function, parameters included
	LocalsTotal   uint32 // of all functions
	Nesting       uint32 // open blocks
	BranchTargets uint32 // of one br_table
	Effort        uint64 // of all functions: what branches, loops and locals cost a compiler
	Pairs         uint64 // of one function: branches times memory accesses
	MemoryPages   uint32 // 64 KiB each: the minimum is refused, the maximum lowered to this
}

// DefaultLimits returns the limits of the profile, but for those of memory and
// tables, which are the sandbox's to set.
func DefaultLimits() Limits {
	return Limits{
		ModuleBytes:   8 << 20,
		CodeBytes:     32 << 20,
		FunctionBytes: 512 << 10,
		Functions:     50_000,
		Types:         10_000,
		Params:        256,
		Results:       64,
		Imports:       256,
		Exports:       10_000,
		NameBytes:     1024,
		Globals:       512,
		Tables:        16,
		TableElements: 1 << 20,
		Elements:      1 << 20,
		DataSegments:  100_000,
		Locals:        4096,
		LocalsTotal:   2 << 20,
		Nesting:       4096,
		BranchTargets: 1 << 16,
		Effort:        4_000_000_000,
		Pairs:         15_000_000,
		MemoryPages:   1024,
	}
}
