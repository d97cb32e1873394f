package sim

// Result is what a specification gave, as means over its seeds.
type Result struct {
	// Overhead is executions per unit, checks and repetitions included.
	Overhead float64 `json:"overhead"`
	// ReleasedError is the share of units whose first released result was wrong,
	// FinalError the share that stays wrong in state final; without
	// finality_checks every result counts that stays wrong.
	ReleasedError float64 `json:"released_error"`
	FinalError    float64 `json:"final_error"`
	// BadPerIdentity are the wrong results released per saboteur identity.
	BadPerIdentityMean float64 `json:"bad_per_identity_mean"`
	BadPerIdentityMax  float64 `json:"bad_per_identity_max"`
	// HonestBans are honest nodes that were suspended or banned, per run.
	HonestBans float64 `json:"honest_bans"`
	// TrustedWorkShare is the trusted zone's executions per unit.
	TrustedWorkShare float64 `json:"trusted_work_share"`
	// LatencyRatio is the mean time from arrival to release over the mean time
	// from arrival to the first result.
	LatencyRatio float64 `json:"latency_ratio"`
	// Units counts the units of all runs; CPUS is the CPU time of all runs in
	// seconds, the only figure that is not the same each time.
	Units uint64  `json:"units"`
	CPUS  float64 `json:"cpu_s"`
}

// outcome is what one run gave.
type outcome struct {
	units, executions, trusted uint64
	releasedBad, finalBad      uint64
	identities, badResults     uint64
	worstIdentity              uint64
	honestBans                 uint64
	toRelease, toFirst         float64
}

// Run runs a valid specification, one seed after the other, and returns the
// means. cpu is a clock of this thread's or process's CPU time in seconds.
func Run(s Spec, cpu func() float64) Result {
	began := cpu()
	var r Result
	for _, seed := range s.Seeds {
		o := newWorld(&s, seed).run()
		n, runs := float64(o.units), float64(len(s.Seeds))
		r.Overhead += float64(o.executions) / n / runs
		r.ReleasedError += float64(o.releasedBad) / n / runs
		r.FinalError += float64(o.finalBad) / n / runs
		r.TrustedWorkShare += float64(o.trusted) / n / runs
		r.HonestBans += float64(o.honestBans) / runs
		r.LatencyRatio += o.toRelease / o.toFirst / runs
		if o.identities > 0 {
			r.BadPerIdentityMean += float64(o.badResults) / float64(o.identities) / runs
		}
		r.BadPerIdentityMax = max(r.BadPerIdentityMax, float64(o.worstIdentity))
		r.Units += o.units
	}
	r.CPUS = cpu() - began
	return r
}
