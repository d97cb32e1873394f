package contracts_test

import "strings"

// long128 and long129 are names of the greatest length and one more.
var (
	long128 = strings.Repeat("n", 128)
	long129 = strings.Repeat("n", 129)
)

const (
	jsSafe    = "9007199254740992" // 2^53
	jsTooWide = "9007199254740994" // the next double
)

// graphDefects are those of CONTRACTS section 2: fields of the graph itself.
var graphDefects = []defect{
	{"unknown field of the graph", edits(set("/colour", `"red"`)), "document", "", "/colour", seen},
	{"field in another case", edits(set("/Tenant_ID", `"lab"`)), "document", "", "/Tenant_ID", seen},
	{"wrong type of a label", edits(set("/graph_version", `7`)), "document", "", "/graph_version", seen},
	{"null for an optional object", edits(set("/policies", `null`)), "document", "", "/policies", seen},
	{"units that are no array", edits(set("/work_units", `{}`)), "document", "", "/work_units", seen},

	{"schema_version missing", edits(drop("/schema_version")), "schema_version", "", "/schema_version", seen},
	{"schema_version of the next major", edits(set("/schema_version", `"2.0"`)), "schema_version", "", "/schema_version", seen},
	{"schema_version 0", edits(set("/schema_version", `"0.9"`)), "schema_version", "", "/schema_version", seen},
	{"schema_version without a minor", edits(set("/schema_version", `"1"`)), "schema_version", "", "/schema_version", seen},
	{"schema_version with a patch", edits(set("/schema_version", `"1.0.0"`)), "schema_version", "", "/schema_version", seen},
	{"schema_version with a zero before", edits(set("/schema_version", `"1.00"`)), "schema_version", "", "/schema_version", seen},

	{"graph_version missing", edits(drop("/graph_version")), "identity", "", "/graph_version", seen},
	{"graph_version too long", edits(set("/graph_version", `"`+long129+`"`)), "identity", "", "/graph_version", seen},
	{"graph_id missing", edits(drop("/graph_id")), "identity", "", "/graph_id", seen},
	{"graph_id no UUID", edits(set("/graph_id", `"graph-1"`)), "identity", "", "/graph_id", seen},
	{"graph_id in braces", edits(set("/graph_id", `"{01890a5d-ac96-774b-bcce-b302099a8057}"`)), "identity", "", "/graph_id", seen},
	{"graph_id in upper case", edits(set("/graph_id", `"01890A5D-AC96-774B-BCCE-B302099A8057"`)), "identity", "", "/graph_id", seen},
	{"request_id missing", edits(drop("/request_id")), "identity", "", "/request_id", seen},
	{"request_id without hyphens", edits(set("/request_id", `"01890a5dac96774bbcceb302099a8057"`)), "identity", "", "/request_id", seen},
	{"tenant_id missing", edits(drop("/tenant_id")), "identity", "", "/tenant_id", seen},
	{"tenant_id with a space", edits(set("/tenant_id", `"the lab"`)), "identity", "", "/tenant_id", seen},
	{"tenant_id too long", edits(set("/tenant_id", `"`+long129+`"`)), "identity", "", "/tenant_id", seen},
	{"created_at missing", edits(drop("/created_at")), "identity", "", "/created_at", seen},
	{"created_at no time", edits(set("/created_at", `"yesterday"`)), "document", "", "/created_at", seen},
	{"created_at without a zone", edits(set("/created_at", `"2026-03-01T12:00:00"`)), "document", "", "/created_at", seen},
	{"created_at a number", edits(set("/created_at", `1772366400`)), "document", "", "/created_at", seen},

	{"budgets missing", edits(drop("/budgets")), "document", "", "/budgets", seen},
	{"budgets null", edits(set("/budgets", `null`)), "document", "", "/budgets", seen},
	{"budget unknown", edits(set("/budgets/max_joy", `1`)), "document", "", "/budgets/max_joy", seen},
	{"max_latency_ms negative", edits(set("/budgets/max_latency_ms", `-1`)), "budget", "", "/budgets/max_latency_ms", seen},
	{"max_tokens negative", edits(set("/budgets/max_tokens", `-1`)), "budget", "", "/budgets/max_tokens", seen},
	{"max_llm_calls negative", edits(set("/budgets/max_llm_calls", `-1`)), "budget", "", "/budgets/max_llm_calls", seen},
	{"max_cpu_units negative", edits(set("/budgets/max_cpu_units", `-1`)), "budget", "", "/budgets/max_cpu_units", seen},
	{"max_fuel negative", edits(set("/budgets/max_fuel", `-1`)), "budget", "", "/budgets/max_fuel", seen},
	{"max_fuel beyond exact integers", edits(set("/budgets/max_fuel", jsTooWide)), "budget", "", "/budgets/max_fuel", seen},
	{"max_fuel with a fraction", edits(set("/budgets/max_fuel", `1.5`)), "document", "", "/budgets/max_fuel", seen},
	{"max_fuel null", edits(set("/budgets/max_fuel", `null`)), "document", "", "/budgets/max_fuel", seen},
	{"max_cost_usd negative", edits(set("/budgets/max_cost_usd", `"-1"`)), "budget", "", "/budgets/max_cost_usd", seen},
	{"max_cost_usd a number", edits(set("/budgets/max_cost_usd", `1`)), "document", "", "/budgets/max_cost_usd", seen},
	{"max_cost_usd without a whole part", edits(set("/budgets/max_cost_usd", `".5"`)), "budget", "", "/budgets/max_cost_usd", seen},
	{"max_cost_usd with a zero before", edits(set("/budgets/max_cost_usd", `"01"`)), "budget", "", "/budgets/max_cost_usd", seen},
	{"max_cost_usd with an exponent", edits(set("/budgets/max_cost_usd", `"1e3"`)), "budget", "", "/budgets/max_cost_usd", seen},
	{"max_cost_usd with 7 decimals", edits(set("/budgets/max_cost_usd", `"1.0000000"`)), "budget", "", "/budgets/max_cost_usd", seen},
	{"max_cost_usd with 13 digits", edits(set("/budgets/max_cost_usd", `"1000000000000"`)), "budget", "", "/budgets/max_cost_usd", seen},

	{"failure_policy unknown", edits(set("/policies/failure_policy", `"retry_forever"`)), "policy", "", "/policies/failure_policy", seen},
	{"privacy_default unknown", edits(set("/policies/privacy_default", `"public"`)), "policy", "", "/policies/privacy_default", seen},
	{"logging_mode unknown", edits(set("/policies/logging_mode", `"verbose"`)), "policy", "", "/policies/logging_mode", seen},
	{"max_llm_invocations negative", edits(set("/policies/max_llm_invocations_per_session", `-1`)), "policy", "", "/policies/max_llm_invocations_per_session", seen},
	{"max_llm_invocations too wide", edits(set("/policies/max_llm_invocations_per_session", jsTooWide)), "policy", "", "/policies/max_llm_invocations_per_session", seen},
	{"policy unknown", edits(set("/policies/colour", `"red"`)), "document", "", "/policies/colour", seen},

	{"extension unknown", edits(set("/ext/com.example~1x", `1`)), "extension", "", "/ext/com.example~1x", unseen},

	{"outputs missing", edits(drop("/outputs")), "outputs", "", "/outputs/final", seen},
	{"final output missing", edits(set("/outputs/final", `[]`)), "outputs", "", "/outputs/final", seen},
	{"final output of an unknown unit", edits(set("/outputs/final/1/work_unit_id", `"nobody"`)), "outputs", "", "/outputs/final/1/work_unit_id", unseen},
	{"final output of no unit", edits(drop("/outputs/final/1/work_unit_id")), "outputs", "", "/outputs/final/1/work_unit_id", seen},
	{"final select malformed", edits(set("/outputs/final/0/select", `"answer"`)), "outputs", "", "/outputs/final/0/select", seen},
	{"final output field unknown", edits(set("/outputs/final/0/as", `"text"`)), "document", "", "/outputs/final/0/as", seen},
}

// allowed are the values just inside the bounds.
var allowed = []struct {
	name  string
	edits []edit
}{
	{"the full example", nil},
	{"a later minor version", edits(set("/schema_version", `"1.9999"`))},
	{"a label of 128 bytes", edits(set("/graph_version", `"`+long128+`"`))},
	{"a tenant of 128 bytes", edits(set("/tenant_id", `"`+long128+`"`))},
	{"a time with an offset", edits(set("/created_at", `"2026-03-01T23:30:00.123456789+05:30"`))},
	{"no budgets named", edits(set("/budgets", `{}`))},
	{"budgets of zero", edits(set("/budgets", `{"max_latency_ms":0,"max_tokens":0,"max_llm_calls":0,"max_cpu_units":0,"max_fuel":0,"max_cost_usd":"0"}`))},
	{"the widest integer", edits(set("/budgets/max_fuel", jsSafe))},
	{"an integer spelled as a float", edits(set("/budgets/max_fuel", `1.5e3`))},
	{"the most money", edits(set("/budgets/max_cost_usd", `"999999999999.999999"`))},
	{"no policies", edits(drop("/policies"))},
	{"empty policies", edits(set("/policies", `{}`))},
	{"no extensions", edits(set("/ext", `{}`))},
	{"whole output", edits(set("/outputs/final/0/select", `""`))},
	{"escaped pointer", edits(set("/outputs/final/0/select", `"/a~1b/~0/-"`))},

	{"a unit id of all kinds of characters", edits(set("/work_units/2/id", `"Az09._:/-"`), set("/work_units/3/dependencies/1", `"Az09._:/-"`),
		set("/work_units/3/when/0/dependency", `"Az09._:/-"`), set("/work_units/3/when/1/dependency", `"Az09._:/-"`), set("/outputs/final/0/work_unit_id", `"Az09._:/-"`))},
	{"a name of 256 bytes", edits(set("/work_units/0/name", `"`+long128+long128+`"`))},
	{"no input", edits(drop("/work_units/0/input"))},
	{"memory of 1 MiB", edits(set("/work_units/0/constraints/memory_mb", `1`))},
	{"memory of 4 GiB", edits(set("/work_units/0/constraints/memory_mb", `4096`))},
	{"fuel of 1", edits(set("/work_units/0/constraints/fuel", `1`))},
	{"latency of 0", edits(set("/work_units/0/constraints/latency_ms", `0`))},
	{"timeouts of 1", edits(set("/work_units/0/timeouts", `{"dispatch_timeout_ms":1,"run_timeout_ms":1}`))},
	{"one attempt", edits(set("/work_units/0/retries/max_attempts", `1`))},
	{"five attempts", edits(set("/work_units/0/retries/max_attempts", `5`))},
	{"not idempotent, one attempt", edits(set("/work_units/0/idempotent", `false`), set("/work_units/0/retries/max_attempts", `1`))},
	{"empty hint", edits(set("/work_units/0/execution_hint", `{}`))},
	{"a module without an entry", edits(drop("/work_units/1/program/entry"))},
	{"an entry of 128 bytes", edits(set("/work_units/1/program/entry", `"`+long128+`"`))},
	{"a structured block as blob", edits(set("/work_units/0/blobs/x", `{"/":"bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua"}`))},
	{"prompt instead of messages", edits(drop("/work_units/3/model/messages"), set("/work_units/3/model/prompt", `"Say it."`))},
	{"free text", edits(drop("/work_units/3/output_schema"), set("/work_units/3/model/free_text", `true`))},
	{"embedding without a schema", edits(drop("/work_units/3/output_schema"), set("/work_units/3/model/operation", `"embed"`))},
	{"temperature 2", edits(set("/work_units/3/model/temperature", `2`))},
	{"top_p 1", edits(set("/work_units/3/model/top_p", `1`))},
	{"max_tokens 2^24", edits(set("/work_units/3/model/max_tokens", `16777216`))},
	{"the widest seed", edits(set("/work_units/3/model/seed", `-`+jsSafe))},
	{"an empty message", edits(set("/work_units/3/model/messages/0/content", `""`))},
	{"threshold with an integer", edits(set("/work_units/3/when/1/threshold", `1`))},
	{"equal to null", edits(set("/work_units/3/when/2/value", `null`))},
	{"always", edits(set("/work_units/3/when", `[{"dependency":"index","condition":"always"}]`))},
	{"schema_mismatch", edits(set("/work_units/3/when", `[{"dependency":"index","condition":"schema_mismatch","not":true}]`))},
	{"bind that appends", edits(set("/work_units/1/bind/0/to", `"/documents/-"`))},
}
