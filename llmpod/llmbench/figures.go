package llmbench

// Figures are the results of a run. A part that was not run leaves its figures
// out.
type Figures struct {
	*Beside
	*Routing
	*Parking
	*Probes
	*Replay
	*Cancels
	*Overload
	*Scoring
	// BriskRate is how many tokens a second the model that routing, parking, cancels and
	// overload use decodes alone, at most 200.
	BriskRate float64 `json:"brisk_model_tokens_per_s,omitempty"`
}

// Beside compares Krako, from a client of the gateway through a pod, with a client of
// the chat endpoint of the same server. Fields that begin with Bare are the latter's.
type Beside struct {
	// Time to the first token: from sending the request, or the graph, to text. An
	// overhead is the median of the differences within a turn.
	TTFTOverhead float64 `json:"ttft_overhead_ms_p50"`
	TTFT         float64 `json:"ttft_ms_p50"`
	BareTTFT     float64 `json:"bare_ttft_ms_p50"`

	// Time between tokens of one stream alone.
	InterTokenOverhead float64 `json:"inter_token_overhead_ms"`
	InterToken         float64 `json:"inter_token_ms"`
	BareInterToken     float64 `json:"bare_inter_token_ms"`

	// Tokens of all streams in a second, with 1, 2 and 4 at a time: medians, and the
	// median of the rounds' ratios.
	Ratio1 float64 `json:"throughput_ratio_1"`
	Ratio2 float64 `json:"throughput_ratio_2"`
	Ratio4 float64 `json:"throughput_ratio_4"`
	Rate1  float64 `json:"tokens_per_s_1"`
	Rate2  float64 `json:"tokens_per_s_2"`
	Rate4  float64 `json:"tokens_per_s_4"`
	Bare1  float64 `json:"bare_tokens_per_s_1"`
	Bare2  float64 `json:"bare_tokens_per_s_2"`
	Bare4  float64 `json:"bare_tokens_per_s_4"`

	// Processor time that a token took in all of these, in each process: admission and
	// recording of its answer included. 0 where it is not known.
	CoordCPU      float64 `json:"coord_cpu_us_per_token"`
	PodCPU        float64 `json:"pod_cpu_us_per_token"` // without its server
	ClientCPU     float64 `json:"client_cpu_us_per_token"`
	ServerCPU     float64 `json:"server_cpu_us_per_token"`
	BareClientCPU float64 `json:"bare_client_cpu_us_per_token"`
	BareServerCPU float64 `json:"bare_server_cpu_us_per_token"`

	// Differ is how many answers were not those of the other side to the same prompt.
	Differ int `json:"beside_answers_different"`
}

// Routing compares placement's choice of pods with taking them in turn, for
// sessions whose units share a long beginning.
type Routing struct {
	PromptTokens float64 `json:"prompt_tokens_vs_round_robin"`
	P95          float64 `json:"p95_vs_round_robin"`
	Computed     int64   `json:"prompt_tokens_computed"`
	InTurn       int64   `json:"round_robin_prompt_tokens_computed"`
	UnitP95      float64 `json:"unit_ms_p95"`
	InTurnP95    float64 `json:"round_robin_unit_ms_p95"`
}

// Parking compares a pool that saves the caches of sessions without a slot with
// one that does not, at three sessions a slot.
type Parking struct {
	TurnRatio   float64 `json:"parked_turn_ratio"`
	PromptRatio float64 `json:"parked_prompt_tokens_ratio"`
	Turn        float64 `json:"parked_turn_ms_p50"`
	UnparkTurn  float64 `json:"unparked_turn_ms_p50"`
	// Same says whether all transcripts were the same with and without.
	Same bool `json:"parked_transcripts_identical"`
}

// Probes counts how often a session found tokens of another in its slot.
type Probes struct {
	Hits  int `json:"cross_tenant_hits"`
	Count int `json:"cross_tenant_probes"`
}

// Replay is how many answers under load, in any slot and after restarts of the
// server, were bit for bit those of the same requests alone.
type Replay struct {
	Share    float64 `json:"replay_identical_share"`
	Requests int     `json:"replay_requests"`
	Restarts int     `json:"replay_server_restarts"`
}

// Cancels is how long after a call was cancelled its slot is idle, by the
// server's own word: through a pod, and where a program has the server to itself and
// closes its connection. The server looks between two steps of all its slots.
type Cancels struct {
	P50     float64 `json:"cancel_frees_slot_ms_p50"`
	P99     float64 `json:"cancel_frees_slot_ms_p99"`
	BareP50 float64 `json:"bare_cancel_frees_slot_ms_p50"`
	BareP99 float64 `json:"bare_cancel_frees_slot_ms_p99"`
	Count   int     `json:"cancels"`
}

// Overload is what becomes of ten times as many graphs as a tenant may have in
// work: the excess is refused with 429.
type Overload struct {
	Asked      int     `json:"overload_graphs"`
	Answered   int     `json:"overload_answered"`
	Refused    int     `json:"overload_refused"`
	RefusedP99 float64 `json:"overload_refused_ms_p99"`
	HealthP99  float64 `json:"overload_health_ms_p99"`
	Unhealthy  int     `json:"overload_health_failures"`
}

// Scoring is what share of answers a referee of another class calls implausible:
// of honest pods (false alarms), and of pods that serve another model or a lower
// temperature. Greedy is temperature 0, sampled 0.8.
type Scoring struct {
	FalseGreedy    float64 `json:"scoring_false_alarms_greedy"`
	FalseSampled   float64 `json:"scoring_false_alarms_sampled"`
	SwappedGreedy  float64 `json:"scoring_finds_other_model_greedy"`
	SwappedSampled float64 `json:"scoring_finds_other_model_sampled"`
	Cooled         float64 `json:"scoring_finds_lower_temperature"`
	Answers        int     `json:"scoring_answers"`

	falseGreedy, falseSampled, swappedGreedy, swappedSampled, cooled int
}
