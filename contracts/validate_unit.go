package contracts

import (
	"maps"
	"slices"
	"strings"

	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/contracts/jsonpointer"
)

// Bounds of a single unit that no backend raises.
const (
	maxUnitNameBytes = 256
	maxBlobs         = 100_000
	maxMemoryMB      = 4096
	maxTokens        = 1 << 24
)

func (c *checker) units() {
	for i := range c.graph.WorkUnits {
		if c.full() {
			return
		}
		u := &c.graph.WorkUnits[i]
		at := place{unit: i}
		if !u.ID.Valid() {
			c.fail(RuleUnitID, u.ID, at.to("/id"), "%q is not 1 to %d characters of [A-Za-z0-9._:/-]", u.ID, maxNameBytes)
		} else if first, ok := c.index[u.ID]; ok {
			c.fail(RuleUnitUnique, u.ID, at.to("/id"), "is already the id of %s", place{unit: first})
		} else {
			c.index[u.ID] = i
		}
		c.unit(u, at)
	}
	for i := range c.graph.WorkUnits {
		if c.full() {
			return
		}
		c.edges(&c.graph.WorkUnits[i], place{unit: i})
	}
}

func (c *checker) unit(u *WorkUnit, at place) {
	oneOf(c, RuleUnitType, u.ID, at.to("/type"), u.Type, Deterministic, Retrieval, SmallModel, LLM)
	if len(u.Name) > maxUnitNameBytes {
		c.fail(RuleConstraint, u.ID, at.to("/name"), "is longer than %d bytes", maxUnitNameBytes)
	}
	if u.Type == LLM {
		c.model(u, at)
	} else if u.Type.CPU() {
		c.program(u, at)
	}
	if len(u.Input) > 0 && !u.Input.IsObject() {
		c.fail(RuleInput, u.ID, at.to("/input"), "is not a JSON object")
	}
	if len(u.OutputSchema) > 0 {
		if err := c.schema(u.OutputSchema); err != nil {
			c.fail(RuleOutputSchema, u.ID, at.to("/output_schema"), "%v", err)
		}
	}
	if u.VerifyWith != nil {
		c.programForm(RuleProgram, u.ID, at.to("/verify_with"), u.VerifyWith)
		if _, taken := u.Blobs[CheckedBlob]; taken {
			c.fail(RuleBlob, u.ID, at.to("/blobs/"+CheckedBlob), "is where the checker finds the output")
		}
	}
	c.blobs(u, at)
	c.limitsOf(u, at)
}

func (c *checker) program(u *WorkUnit, at place) {
	if u.Program == nil {
		c.fail(RuleProgram, u.ID, at.to("/program"), "is missing on a %s unit", u.Type)
	} else {
		c.programForm(RuleProgram, u.ID, at.to("/program"), u.Program)
	}
	if u.Model != nil {
		c.fail(RuleModel, u.ID, at.to("/model"), "is only for llm units")
	}
}

func (c *checker) programForm(rule Rule, id UnitID, at place, p *Program) {
	switch {
	case (p.Task == "") == (p.Module == nil):
		c.fail(rule, id, at, "needs exactly one of task and module")
	case p.Task != "" && !validTask(p.Task):
		c.fail(rule, id, at.to("/task"), "%q is not of the form name@version", p.Task)
	case p.Task != "" && p.Entry != "":
		c.fail(rule, id, at.to("/entry"), "is fixed by the catalogue task")
	case len(p.Entry) > maxNameBytes:
		c.fail(rule, id, at.to("/entry"), "is longer than %d bytes", maxNameBytes)
	case p.Module != nil && !rawLink(*p.Module):
		c.fail(rule, id, at.to("/module"), "is not a link to plain bytes: CIDv1, raw, sha2-256")
	}
}

// validTask accepts name@version, e.g. text/wordcount@1.
func validTask(s string) bool {
	name, version, ok := strings.Cut(s, "@")
	return ok && validName(name) && validName(version)
}

func (c *checker) blobs(u *WorkUnit, at place) {
	if len(u.Blobs) > maxBlobs {
		c.fail(RuleBlob, u.ID, at.to("/blobs"), "has %d blobs, the limit is %d", len(u.Blobs), maxBlobs)
	}
	if u.Type == LLM && len(u.Blobs) > 0 {
		c.fail(RuleBlob, u.ID, at.to("/blobs"), "an llm unit mounts no blobs")
	}
	if len(u.Blobs) == 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(u.Blobs)) {
		path := at.to("/blobs/" + jsonpointer.Escape(name))
		if !validBlobName(name) {
			c.fail(RuleBlob, u.ID, path, "%.128q is not a blob name", name)
		}
		if dagcbor.CheckCID(u.Blobs[name].Cid) != nil {
			c.fail(RuleBlob, u.ID, path, "is not a link: CIDv1, raw or dag-cbor, sha2-256")
		}
	}
}

// validBlobName accepts file names of [A-Za-z0-9._:-]: a blob is one file, so
// there is no path to escape with.
func validBlobName(s string) bool {
	return validName(s) && !strings.Contains(s, "/") && s != "." && s != ".."
}

func (c *checker) limitsOf(u *WorkUnit, at place) {
	if k := u.Constraints; k != nil {
		oneOf(c, RuleConstraint, u.ID, at.to("/constraints/privacy"), k.Privacy, "", AllowRemote, LocalOnly)
		c.within(u.ID, at.to("/constraints/latency_ms"), k.LatencyMS, 0, maxInteger)
		c.within(u.ID, at.to("/constraints/budget_tokens"), k.BudgetTokens, 0, maxInteger)
		c.within(u.ID, at.to("/constraints/fuel"), k.Fuel, 1, maxInteger)
		c.within(u.ID, at.to("/constraints/memory_mb"), k.MemoryMB, 1, maxMemoryMB)
	}
	if t := u.Timeouts; t != nil {
		c.within(u.ID, at.to("/timeouts/dispatch_timeout_ms"), t.DispatchMS, 1, maxInteger)
		c.within(u.ID, at.to("/timeouts/run_timeout_ms"), t.RunMS, 1, maxInteger)
	}
	if r := u.Retries; r != nil {
		attempts := int64(r.MaxAttempts)
		c.within(u.ID, at.to("/retries/max_attempts"), &attempts, 0, MaxAttempts)
		c.within(u.ID, at.to("/retries/backoff_ms"), &r.BackoffMS, 0, maxInteger)
		if r.MaxAttempts > 1 && !u.IsIdempotent() {
			c.fail(RuleConstraint, u.ID, at.to("/retries/max_attempts"), "a unit that is not idempotent is never retried")
		}
	}
	oneOf(c, RuleConstraint, u.ID, at.to("/priority"), u.Priority, "", P0, P1, P2, P3)
	oneOf(c, RuleConstraint, u.ID, at.to("/verification_mode"), u.Verification, "", VerifyNone, VerifySchema, VerifyQuorum, VerifyRecompute, VerifyAdaptive)
	c.hint(u, at.to("/execution_hint"))
}

func (c *checker) hint(u *WorkUnit, at place) {
	h := u.ExecutionHint
	if h == nil {
		return
	}
	if h.Region != "" {
		c.names(u.ID, at.to("/region"), h.Region)
	}
	for i, tag := range h.NodeTags {
		c.names(u.ID, at.at("node_tags", i), tag)
	}
	if r := h.Requires; r != nil {
		c.within(u.ID, at.to("/requires/min_ram_mb"), &r.MinRAMMB, 0, maxInteger)
		c.within(u.ID, at.to("/requires/min_vram_mb"), &r.MinVRAMMB, 0, maxInteger)
		for i, a := range r.Accelerators {
			c.names(u.ID, at.at("requires/accelerators", i), a)
		}
	}
}

func (c *checker) names(id UnitID, path place, name string) {
	if !validName(name) {
		c.fail(RuleConstraint, id, path, "%q is not 1 to %d characters of [A-Za-z0-9._:/-]", name, maxNameBytes)
	}
}

func (c *checker) within(id UnitID, path place, v *int64, lo, hi int64) {
	if v != nil && (*v < lo || *v > hi) {
		c.fail(RuleConstraint, id, path, "is %d, allowed are %d to %d", *v, lo, hi)
	}
}
