package ir

// limits are a task's budget with defaults filled in.
type limits struct {
	timeMS, tokens int64
	retries        int
}

// limitsOf is the task's budget, else the graph's. It is never raised: retries
// above what the contract allows are cut.
func limitsOf(g *Graph, t *Task) limits {
	b := t.Policy.Budget
	if b == nil {
		b = g.Defaults.Budget
	}
	if b == nil {
		b = &Budget{}
	}
	return limits{
		timeMS: or(b.MaxTimeMS, 1500), tokens: or(b.MaxTokens, 300),
		retries: int(min(max(0, or(b.MaxRetries, 1)), maxAttempts-1)),
	}
}

// maxAttempts bounds how often one task is tried, as the contract does.
const maxAttempts = 5

func or[T any](p *T, def T) T {
	if p == nil {
		return def
	}
	return *p
}

// adaptive is a policy with its profile's values filled in where it says nothing.
type adaptive struct {
	minConfidence, minVOI float64
	maxEscalations        int
	order                 []string
	costs                 map[string]float64
	useVOI, samples       bool
	sampleCount           int
	sampleTokens          int64
	sampleMinNextCost     float64
	sampleMinRemaining    float64
	retrieval             bool
}

// maxEscalations bounds the stages behind the first, sampleCount those of the
// first.
const (
	maxStages  = 8
	maxSamples = 8
)

func (a *Adaptive) resolve() adaptive {
	r := adaptive{minConfidence: 0.85, minVOI: 0.2, maxEscalations: 2, useVOI: true, samples: true, sampleCount: 2, sampleTokens: 64}
	switch a.Profile {
	case "latency":
		r.useVOI, r.samples, r.maxEscalations, r.minConfidence = false, false, 0, 0.75
	case "reliability":
		r.minVOI, r.sampleCount, r.sampleTokens, r.minConfidence = 0.1, 3, 96, 0.9
	}
	r.minConfidence, r.minVOI = or(a.MinConfidence, r.minConfidence), or(a.MinVOI, r.minVOI)
	r.maxEscalations = min(max(0, or(a.MaxEscalations, r.maxEscalations)), maxStages)
	r.useVOI, r.samples = or(a.UseVOI, r.useVOI), or(a.SelfConsistency, r.samples)
	r.sampleCount, r.sampleTokens = min(max(1, or(a.Samples, r.sampleCount)), maxSamples), or(a.SampleTokens, r.sampleTokens)
	r.sampleMinNextCost, r.sampleMinRemaining = or(a.SampleMinNextCost, 200), or(a.SampleMinRemaining, 500)
	if r.order = a.Order; r.order == nil {
		r.order = []string{"mini", "gate", "full"}
	}
	if r.costs = a.StageCosts; r.costs == nil {
		r.costs = map[string]float64{"mini": 1, "gate": 3, "full": 10}
	}
	r.retrieval = a.GateRetrieval
	return r
}

// cost is what a stage costs, 1 where nobody says.
func (a *adaptive) cost(stage string) float64 {
	if c := a.costs[stage]; c > 0 {
		return c
	}
	return 1
}
