package main

// rule refines the schema of one member by merging keywords into it or, with
// replace, by taking its place.
type rule struct {
	schema  string
	replace bool
}

func also(keywords string) rule  { return rule{schema: keywords} }
func instead(schema string) rule { return rule{schema: schema, replace: true} }

// Keywords that several members share.
var (
	count    = also(`{"minimum": 0, "maximum": 9007199254740992}`)
	positive = also(`{"minimum": 1, "maximum": 9007199254740992}`)
	label    = also(`{"minLength": 1, "maxLength": 128}`)
	uuid     = also(`{"pattern": "` + uuidPattern + `"}`)
	cid      = also(`{"pattern": "` + cidPattern + `"}`)
	pointer  = also(`{"pattern": "` + ptrPattern + `", "maxLength": 4096}`)
	names    = also(`{"items": {"type": "string", "pattern": "` + namePattern + `"}}`)
	money    = also(`{"pattern": "^(0|[1-9][0-9]{0,11})(\\.[0-9]{1,6})?$"}`)
	one      = instead(`{"const": 1}`)
	kinds    = also(`{"enum": ["node", "pod"]}`)
	blobName = `"pattern": "^[A-Za-z0-9._:-]{1,128}$", "not": {"enum": [".", ".."]}`
	toBytes  = instead(`{"type": "object", "properties": {"/": {"type": "string", "pattern": "` + rawPattern + `"}}, "required": ["/"], "additionalProperties": false}`)
	toBlock  = instead(`{"type": "object", "properties": {"/": {"type": "string", "pattern": "` + blockPattern + `"}}, "required": ["/"], "additionalProperties": false}`)
	peer     = instead(`{"type": "string", "pattern": "` + peerIDPattern + `"}`)
)

// rules are keyed by type and member.
var rules = map[string]rule{
	"TaskGraph.schema_version": also(`{"pattern": "^1\\.(0|[1-9][0-9]{0,3})$"}`),
	"TaskGraph.graph_version":  label,
	"TaskGraph.graph_id":       uuid,
	"TaskGraph.request_id":     uuid,
	"TaskGraph.work_units":     also(`{"minItems": 1, "maxItems": 100000}`),
	"Outputs.final":            also(`{"minItems": 1}`),
	"FinalOutput.select":       pointer,

	"Budgets.max_latency_ms": count,
	"Budgets.max_tokens":     count,
	"Budgets.max_llm_calls":  count,
	"Budgets.max_cpu_units":  count,
	"Budgets.max_fuel":       count,
	"Budgets.max_cost_usd":   also(`{"pattern": "^((0|[1-9][0-9]{0,11})(\\.[0-9]{1,6})?)?$"}`),

	"Policies.max_llm_invocations_per_session": count,

	"WorkUnit.name":          also(`{"maxLength": 256}`),
	"WorkUnit.dependencies":  also(`{"uniqueItems": true, "maxItems": 100000}`),
	"WorkUnit.input":         also(`{"type": "object"}`),
	"WorkUnit.output_schema": instead(`{"anyOf": [{"type": "object"}, {"type": "boolean"}]}`),
	"WorkUnit.blobs":         also(`{"propertyNames": {` + blobName + `}, "maxProperties": 100000}`),

	"Program.task":         also(`{"pattern": "^([A-Za-z0-9._:/-]{1,128}@[A-Za-z0-9._:/-]{1,128})?$"}`),
	"Program.module":       toBytes,
	"Program.entry":        also(`{"maxLength": 128}`),
	"Bind.select":          pointer,
	"Bind.to":              pointer,
	"Condition.select":     pointer,
	"Constraints.fuel":     positive,
	"Requires.min_ram_mb":  count,
	"Requires.min_vram_mb": count,

	"Constraints.latency_ms":       count,
	"Constraints.budget_tokens":    count,
	"Constraints.memory_mb":        also(`{"minimum": 1, "maximum": 4096}`),
	"ExecutionHint.region":         also(`{"pattern": "^[A-Za-z0-9._:/-]{0,128}$"}`),
	"ExecutionHint.node_tags":      names,
	"Requires.accelerators":        names,
	"Timeouts.dispatch_timeout_ms": positive,
	"Timeouts.run_timeout_ms":      positive,
	"Retries.max_attempts":         also(`{"minimum": 0, "maximum": 5}`),
	"Retries.backoff_ms":           count,

	"ModelCall.max_tokens":  also(`{"minimum": 0, "maximum": 16777216}`),
	"ModelCall.temperature": also(`{"minimum": 0, "maximum": 2}`),
	"ModelCall.top_p":       also(`{"exclusiveMinimum": 0, "maximum": 1}`),
	"ModelCall.seed":        also(`{"minimum": -9007199254740992, "maximum": 9007199254740992}`),
	"Message.role":          also(`{"enum": ["system", "user", "assistant", "tool"]}`),
	"Evidence.label":        also(`{"minLength": 1, "maxLength": 256}`),

	"SubmissionMetadata.kora_version": label,
	"SubmissionMetadata.trace_id":     also(`{"maxLength": 128}`),

	"Invocation.v":                one,
	"Invocation.profile":          label,
	"Invocation.module":           toBytes,
	"Invocation.entry":            label,
	"Invocation.blobs":            also(`{"propertyNames": {` + blobName + `}, "minProperties": 1}`),
	"Invocation.fuel":             positive,
	"Invocation.memory_pages":     also(`{"minimum": 1, "maximum": 65536}`),
	"ModelInvocation.v":           one,
	"ModelInvocation.profile":     label,
	"ModelInvocation.name":        also(`{"maxLength": 256}`),
	"ModelInvocation.max_tokens":  also(`{"minimum": 0, "maximum": 16777216}`),
	"ModelInvocation.temperature": also(`{"minimum": 0, "maximum": 2}`),
	"ModelInvocation.top_p":       also(`{"exclusiveMinimum": 0, "maximum": 1}`),
	"ModelUse.model":              also(`{"minLength": 1, "maxLength": 256}`),
	"ModelUse.class":              also(`{"minLength": 1, "maxLength": 256}`),
	"ModelUse.tokens_in":          count,
	"ModelUse.tokens_out":         count,
	"ModelUse.calls":              positive,
	"ModelUse.resumed":            count,
	"ModelResult.unit":            toBlock,
	"ModelResult.output":          toBytes,
	"ModelResult.error_code":      instead(`{"enum": ["BAD_OUTPUT"]}`),
	"ModelResult.media_type":      also(`{"minLength": 1, "maxLength": 127}`),
	"Result.unit":                 toBlock,
	"Result.output":               toBytes,
	"Result.error_code":           instead(`{"enum": ["TRAP", "EXIT_NONZERO", "OUT_OF_FUEL", "OUT_OF_MEMORY", "STACK_OVERFLOW", "BAD_OUTPUT"]}`),
	"Result.media_type":           also(`{"minLength": 1, "maxLength": 127}`),
	"Batch.v":                     one,
	"Batch.node":                  peer,
	"Batch.results":               also(`{"minItems": 1, "maxItems": 256}`),
	"BatchItem.result_cid":        toBlock,
	"Observed.node":               peer,
	"Receipt.v":                   one,
	"Receipt.index":               also(`{"minimum": 0, "maximum": 255}`),

	"Event.specversion":         instead(`{"const": "1.0"}`),
	"Event.id":                  uuid,
	"Event.source":              also(`{"pattern": "^/krako/"}`),
	"Event.graphid":             uuid,
	"Event.dataschema":          also(`{"format": "uri"}`),
	"SessionStarted.graph_cid":  cid,
	"SessionStarted.request_id": uuid,
	"SessionStarted.units":      positive,
	"SessionEnded.output_cid":   cid,
	"UnitEnded.unit_cid":        cid,
	"UnitEnded.result_cid":      cid,
	"UnitEnded.batch_cid":       cid,
	"UnitEnded.output_cid":      cid,
	"NodeInfo.kind":             kinds,

	"ExecutionMetadata.graph_cid": cid,
	"TaskTelemetry.unit_cid":      cid,
	"TaskTelemetry.result_cid":    cid,
	"TelemetryBundle.cost_usd":    money,
	"SubmitResponse.graph_cid":    cid,
	"SessionSummary.graph_id":     uuid,
	"SessionSummary.request_id":   uuid,
	"SessionSummary.graph_cid":    cid,
	"SessionView.graph_id":        uuid,
	"SessionView.request_id":      uuid,
	"SessionView.graph_cid":       cid,
	"UnitView.unit_cid":           cid,
	"UnitView.result_cid":         cid,
	"UnitView.batch_cid":          cid,
	"NodeView.kind":               kinds,
	"Problem.status":              also(`{"minimum": 400, "maximum": 599}`),
	"Problem.type":                also(`{"format": "uri"}`),
}
