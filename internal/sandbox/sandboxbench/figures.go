package sandboxbench

// Figures are the results of a run. Fields that begin with Raw are the bare
// engine's: no fuel, no limits, no reset between units, wazero's own WASI. Guests run
// to their end, as in the worker processes of a node; fields that begin with Yielding
// are of guests that give turns to the process they run in.
type Figures struct {
	// Clock is "cpu" or, where the system does not tell a thread's, "wall".
	Clock  string `json:"clock"`
	Rounds int    `json:"rounds"`

	// A unit from the pool, with everything put back after it. JSON in and out
	// for Go, a sum of integers for C.
	GoUnit    float64 `json:"go_unit_cpu_us"`
	GoRate    float64 `json:"go_units_per_s_core"`
	CUnit     float64 `json:"c_unit_cpu_us"`
	CRate     float64 `json:"c_units_per_s_core"`
	RawGoUnit float64 `json:"raw_go_unit_cpu_us"`
	RawGoRate float64 `json:"raw_go_units_per_s_core"`
	RawCUnit  float64 `json:"raw_c_unit_cpu_us"`
	RawCRate  float64 `json:"raw_c_units_per_s_core"`
	// The Go unit where guests give turns.
	YieldingGoUnit float64 `json:"yielding_go_unit_cpu_us"`

	// An instance made and closed. The bare engine's is initialised anew.
	FreshGo    float64 `json:"fresh_go_us"`
	FreshC     float64 `json:"fresh_c_us"`
	RawFreshGo float64 `json:"raw_fresh_go_us"`
	RawFreshC  float64 `json:"raw_fresh_c_us"`

	// A Go module of which the native code is on disk, ready for its first unit.
	// The bare engine's has no instance yet.
	CachedLoadGo    float64 `json:"cached_load_go_ms"`
	RawCachedLoadGo float64 `json:"raw_cached_load_go_ms"`

	// Memory that each idle instance of a Go module takes. Zero where the system
	// does not tell.
	IdleGo    float64 `json:"idle_go_kib"`
	RawIdleGo float64 `json:"raw_idle_go_kib"`

	// What kernels take metered, as a multiple of what they take as they are:
	// fuel alone, and with call depth, NaNs and remainders.
	Fuel    float64             `json:"fuel_geomean"`
	Full    float64             `json:"full_geomean"`
	Kernels map[string]Overhead `json:"kernels"`
	// All of it where guests give turns.
	Yielding float64 `json:"yielding_full_geomean"`

	// How long after its deadline an endless guest's end is known: of all guests, and
	// of each. A worker process is ended; where guests give turns, one of them is the
	// last. The bare engine checks at every loop and nowhere else, so that it
	// has no figure for recursion; RawDeadlineCost is what that costs C kernels,
	// as a multiple.
	DeadlineP90     float64            `json:"deadline_overshoot_p90_ms"`
	Deadlines       map[string]float64 `json:"deadline_overshoot_p90_ms_by_guest"`
	YieldingP90     float64            `json:"yielding_deadline_overshoot_p90_ms"`
	RawDeadlineP90  float64            `json:"raw_deadline_overshoot_p90_ms"`
	RawDeadlineCost float64            `json:"raw_deadline_c_geomean"`
}

// Overhead is one kernel's.
type Overhead struct {
	RawMS float64 `json:"raw_ms"`
	Fuel  float64 `json:"fuel"`
	Full  float64 `json:"full"`
	// Yielding is Full for guests that give turns.
	Yielding float64 `json:"yielding"`
}
