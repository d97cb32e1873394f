package ir

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// stage is a step of an escalation.
type stage struct {
	step    int
	token   string // what upstream calls it
	adapter string
	// next is the token behind it, and end why there is no step to it.
	next, end string
}

// stages are the steps that an adaptive task may take, the last one with the
// reason that it is.
func (b *builder) stages(t *Task, a *adaptive) []stage {
	base := t.Run.Spec.Adapter
	at := stage{token: base[strings.LastIndex(base, ":")+1:], adapter: base}
	var all []stage
	for {
		adapter := ""
		if at.step < len(a.order) {
			at.next = a.order[at.step]
			adapter = b.adapter(base, at.next)
		}
		switch {
		case at.step >= a.maxEscalations:
			at.end = "max_escalations"
		case adapter == "":
			at.end = "escalation_adapter_missing"
		}
		all = append(all, at)
		if at.end != "" {
			return all
		}
		at = stage{step: at.step + 1, token: at.next, adapter: adapter}
	}
}

func (b *builder) adapter(base, token string) string {
	for _, name := range []string{token, base + ":" + token} {
		if _, ok := b.o.Adapters[name]; ok {
			return name
		}
	}
	return ""
}

// escalation adds the units of an adaptive attempt: calls with a verdict behind
// each, every call but the first behind the verdict that asks for it, and the
// check of the last output.
func (b *builder) escalation(t *Task, n int, l limits, last bool, begin func(*contracts.WorkUnit)) try {
	a := t.Policy.Adaptive.resolve()
	made, first := try{}, begin
	for _, s := range b.stages(t, &a) {
		role := fmt.Sprintf("%s:%d-%s", attempt(n), s.step, s.token)
		tokens := l.tokens
		if s.step == 0 && a.samples {
			tokens = min(tokens, a.sampleTokens)
		}
		c := b.call(t, role, s.adapter, l, tokens, begin)
		samples := b.samples(t, role, s, &a, l, c, begin)
		v := b.verdict(t, role, s, &a, l, begin, append([]contracts.UnitID{c}, samples...))
		for _, sample := range samples {
			made.calls = append(made.calls, call{unit: sample, adapter: s.adapter, step: s.step})
		}
		made.calls = slices.Insert(made.calls, len(made.calls)-len(samples), call{unit: c, verdict: v, adapter: s.adapter, step: s.step})
		begin = func(u *contracts.WorkUnit) {
			u.Dependencies = []contracts.UnitID{v}
			u.When = []contracts.Condition{{Dependency: v, Condition: contracts.OnEquals, Select: result + "/escalate", Value: contracts.JSON("true")}}
		}
	}
	var verdicts []contracts.UnitID
	for _, c := range made.calls {
		if c.verdict != "" {
			verdicts = append(verdicts, c.verdict)
		}
	}
	k := b.query(t.ID, attempt(n), `[.verdicts[] | select(. != null)] | last | .output`, map[string]any{"verdicts": make([]any, len(verdicts))})
	first(k)
	for i, v := range verdicts {
		k.Dependencies = append(k.Dependencies, v)
		k.Bind = append(k.Bind, contracts.Bind{From: v, Select: result, To: at(fmt.Sprintf("/verdicts/%d", i))})
	}
	k.OutputSchema = b.schema(t, llmSchema)
	b.bounds(k, l, last)
	made.check = k.ID
	return made
}

// samples adds the further calls of the first stage that a missing confidence
// asks for, where they can pay at all: all but that is known beforehand.
func (b *builder) samples(t *Task, role string, s stage, a *adaptive, l limits, first contracts.UnitID, begin func(*contracts.WorkUnit)) []contracts.UnitID {
	if !a.samples || s.step != 0 || why(s, a, l) != "" {
		return nil
	}
	need := b.query(t.ID, role+":need", `.out.confidence | type != "number"`, map[string]any{"out": nil})
	begin(need)
	need.Dependencies = append(need.Dependencies, first)
	need.Bind = []contracts.Bind{{From: first, To: at("/out")}}
	b.bounds(need, l, false)
	asks := need.ID
	var all []contracts.UnitID
	for i := 2; i <= a.sampleCount; i++ {
		id := b.call(t, fmt.Sprintf("%s:sample%d", role, i), s.adapter, l, min(l.tokens, a.sampleTokens), func(u *contracts.WorkUnit) {
			u.Dependencies = []contracts.UnitID{asks}
			u.When = []contracts.Condition{{Dependency: asks, Condition: contracts.OnEquals, Select: result, Value: contracts.JSON("true")}}
			seed := int64(i)
			u.Model.Seed = &seed
		})
		all = append(all, id)
	}
	return all
}

// why says what speaks against samples, whatever the model answers.
func why(s stage, a *adaptive, l limits) string {
	switch {
	case s.next == "":
		return "no_next_stage"
	case a.cost(s.next) < a.sampleMinNextCost:
		return "next_cost_low"
	case float64(l.tokens) < a.sampleMinRemaining:
		return "budget_too_low"
	}
	return ""
}

// verdict adds the unit that decides what follows a call.
func (b *builder) verdict(t *Task, role string, s stage, a *adaptive, l limits, begin func(*contracts.WorkUnit), calls []contracts.UnitID) contracts.UnitID {
	doc := map[string]any{
		"id": t.ID, "outs": make([]any, len(calls)), "cost": a.cost(s.next), "remaining": l.tokens, "end": s.end, "next": s.next,
		"min_confidence": a.minConfidence, "min_voi": a.minVOI, "use_voi": a.useVOI, "gate": s.token == "gate",
		"samples": s.step == 0 && a.samples, "why": why(s, a, l), "required": required(t), "retrieval": a.retrieval,
	}
	if a.retrieval && b.o.Retrieved != nil {
		if known, ok := b.o.Retrieved(RetrievalKey(t)); ok {
			doc["retrieved"] = json.RawMessage(known)
		}
	}
	u := b.query(t.ID, role+":verdict", verdictProgram, doc)
	begin(u)
	for i, c := range calls {
		u.Dependencies = append(u.Dependencies, c)
		u.Bind = append(u.Bind, contracts.Bind{From: c, To: at(fmt.Sprintf("/outs/%d", i))})
	}
	b.bounds(u, l, false)
	return u.ID
}

func required(t *Task) []string {
	var schema struct {
		Required []string `json:"required"`
	}
	// A schema whose required is no list of texts asks for nothing here; it is
	// refused as a schema.
	_ = json.Unmarshal(t.Run.Spec.OutputSchema, &schema)
	return append([]string{"status", "task_id"}, schema.Required...)
}

// RetrievalKey identifies what gate retrieval may reuse of a task's output.
func RetrievalKey(t *Task) string {
	in := map[string]any{}
	for k, v := range t.Run.Spec.Input {
		if k != "skip_if" {
			in[k] = v
		}
	}
	sum := sha256.Sum256(object(map[string]any{"task_type": t.Type, "input_payload": in, "tags": t.Tags}))
	return hex.EncodeToString(sum[:])
}

// verdictProgram is upstream's policy of confidence, value of information and
// gates, over one output or several samples of one.
const verdictProgram = `def number: select(type == "number");
def words($s): ($s | gsub("^\\s+|\\s+$"; "") | ascii_downcase) as $t | $t != "" and (any(("n/a", "i don't know", "idk", "unknown", "tbd"); . as $p | $t | contains($p)) | not);
def good($x; $o): ($o | type) == "object" and all($x.required[]; . as $k | $o | has($k)) and (($o.task_id | type) != "string" or $o.task_id == $x.id)
  and (if ($o.answer | type) == "string" then words($o.answer) else true end);
. as $x | .id as $id | [.outs[] | select(. != null)] as $all | ($all[-1] | ` + answerDocument + `) as $out
| ([$all[] | tojson] | group_by(.) | map(length) | max / ($all | length) | 1 - .) as $apart
| (if $x.samples and ($all | length) > 1 then {self_consistency_triggered: true, self_consistency_triggered_reason: "high_next_cost", self_consistency_samples: ($all | length), self_consistency_disagreement: $apart}
   elif $x.samples then {self_consistency_triggered: false, self_consistency_triggered_reason: (if ($out.confidence | type) == "number" then "confidence_present" else $x.why end)} else {} end) as $sampled
| ([$out.confidence | number | if . < 0 then 0 elif . > 1 then 1 else . end] | .[0]) as $c
| (if $c != null then 1 - $c elif $sampled.self_consistency_triggered then $apart else null end) as $u
| (if $u == null then {escalate: false, stop_reason: null}
   else {confidence: $c, uncertainty: $u, voi: ($u / $x.cost), estimated_next_cost: $x.cost}
   + (if $c != null and $c >= $x.min_confidence then {escalate: false, stop_reason: "confident_enough"}
      elif $x.use_voi and $u / $x.cost < $x.min_voi then {escalate: false, stop_reason: "voi_too_low"}
      elif $x.cost > $x.remaining then {escalate: false, stop_reason: "budget_remaining_low"}
      else {escalate: true, stop_reason: "escalate_confidence"} end) end) as $v
| ({output: $out} + $sampled + $v
  | if $x.gate | not then .
    elif good($x; $out) then .gate_verifier_ok = true | if .escalate then . else .stop_reason = "accepted_gate_verified" end
    else .gate_verifier_ok = false
    | if $x.next == "" then .escalate = false | .stop_reason = "gate_verifier_failed_no_next_stage"
      elif $x.retrieval and good($x; $x.retrieved) then .output = $x.retrieved | .gate_retrieval_hit = true | .escalate = false | .stop_reason = "accepted_gate_retrieval"
      elif $x.retrieval then .gate_retrieval_hit = false | .escalate = true | .stop_reason = "escalate_gate_retrieval_miss_or_invalid"
      else .escalate = true | .stop_reason = "escalate_gate_verifier_failed" end end)
| if .escalate and $x.end != "" then .escalate = false | .stop_reason = $x.end else . end`
