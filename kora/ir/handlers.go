package ir

// handlers are upstream's other deterministic handlers as jq programs over
// {id, in, args, deps, attempt}. Keywords and texts that stand in the document are
// in lower case already where a handler compares them.
var handlers = map[string]string{
	"classify_by_rules": `def hits($t): [.[]? | objects | select((.keywords | type) == "array" and any(.keywords[]; tostring as $k | $t | contains($k)))];
(` + text + ` | ascii_downcase) as $t | .id as $id | .args as $a
| ((($a.routes // []) | arrays) // [] | hits($t)) as $m
| if ($m | length) == 1 then {status: "ok", task_id: $id, route_kind: "deterministic", selected_route: ($m[0].route_id // "" | tostring),
    classification_output: ($m[0].output | objects // {}), provider_calls: 0, provider_needed_reason: null}
  else {status: "ok", task_id: $id, route_kind: "provider_required",
    selected_route: ($a.provider_required_route // ("provider_required." + ($a.scenario_id // "classification"))),
    classification_output: null, provider_calls: 0,
    provider_needed_reason: (if $m == [] then "no deterministic keyword route matched" else "multiple deterministic routes matched" end)} end`,
	"doctor_inspect_task": `def hits($t): [.[]? | objects | select((.keywords | type) == "array" and any(.keywords[]; tostring as $k | $t | contains($k)))];
(` + text + ` | ascii_downcase) as $t | .id as $id | .args as $a
| ($a.deterministic_rules // [] | hits($t)) as $d | ($a.provider_needed_rules // [] | hits($t)) as $p
| {status: "ok", task_id: $id, provider_calls: 0} + (
  if ($d | length) == 1 and $p == [] then {route_kind: "deterministic_candidate", selected_route: ($d[0].route_id // ""),
    suggested_handler: ($d[0].suggested_handler // ""), classification_output: ($d[0].output // {}),
    route_rationale: ($d[0].rationale // ""), next_step: ($d[0].next_step // ""), provider_needed_reason: null}
  else (if $p == [] then "no deterministic doctor rule matched"
    else (if $d != [] or ($p | length) > 1 then "ambiguous doctor signal: " else "" end) + ($p[0].reason // "provider/model fallback recommended") end) as $r
    | {route_kind: "provider_needed_candidate", selected_route: ($p[0].route_id // "provider_required.doctor"), suggested_handler: null,
    classification_output: null, route_rationale: ($p[0].rationale // $r), provider_needed_reason: $r,
    next_step: ($p[0].next_step // (if $p == [] then "review manually or route to provider/model fallback" else "send to provider/model fallback" end))} end)`,
	"parse_request_constraints": `(` + text + ` | ascii_downcase) as $t
| ([$t | match("([0-9]+)\\s*-\\s*slide|([0-9]+)\\s+slides?").captures[].string | select(. != null)] | .[0]) as $n
| ([["market context", "market_context"], ["architecture", "architecture"], ["decomposition", "decomposition"], ["escalation", "escalation"],
    ["benchmark", "benchmarking"], ["rollout", "rollout_plan"], ["risk", "risk"], ["recommendation", "recommendations"]]
   | map(select(.[0] as $p | $t | contains($p)) | .[1])) as $d
| {status: "ok", task_id: .id, intent: "create_presentation_outline", deliverable_type: "ppt_outline",
   slide_count: (if $n == null then 18 else ($n | tonumber) end), required_components: ["title", "key_message", "bullets", "presenter_notes"],
   topic_domains: (if $d == [] then ["strategy", "execution"] else $d[:6] end)}`,
	"quality_gate": `. as $x | .args as $a
| ([($a.dep_task_id // "" | tostring | gsub("^\\s+|\\s+$"; "")), ($x.first // "")] | map(select(. != "")) | .[0] // "") as $id
| ($x.deps[$id] // [] | map(select(. != null)) | .[0] | objects // {}) as $o
| (($a.required_fields | arrays | select(. != []) | map(tostring)) // ["i", "title", "msg", "bullets"]) as $f
| (if ($o.slides | type) != "array" then "mini_missing_slides"
   elif ($o.slides | length) != ($a.target_slide_count // 18) then "slide_count_mismatch"
   else ([$o.slides[] | if type != "object" then "slide_not_object"
     elif . as $s | any($f[]; . as $k | $s | has($k) | not) then "slide_fields_missing"
     elif ($f | index("bullets")) == null then empty
     elif (.bullets | type) != "array" then "bullets_not_array"
     elif (.bullets | length) > 1 then "bullets_too_many" else empty end] | .[0] // "mini_satisfies_contract") end) as $why
| ($why != "mini_satisfies_contract") as $refine
| {status: "ok", task_id: .id, message: (if $refine then "run_full" else "skip_full" end), needs_refine: $refine, reason: $why}`,
	// Those of Solutions: their output is not wrapped.
	"fixture.fail": `error("fixture.fail: intentional fail")`,
	"text.normalize": `.args as $a | {text: (.plain
| if $a.collapse_whitespace then gsub("[ \\t]+"; " ") | gsub("(?<e>^|\n) "; .e) | gsub(" (?<e>\n|$)"; .e) else . end
| if $a.collapse_blank_lines then gsub("\n(\\s*\n){2,}"; "\n\n") else . end
| if $a.trim then gsub("^\\s+|\\s+$"; "") else . end)}`,
}

// native are the handlers that ir/handle@1 has: they are what graphs of the IR mostly
// consist of, and reading a jq program takes ten times as long as they do.
var native = map[string]bool{"echo": true, "classify_simple": true, "flaky_once": true, "det.echo": true}

// text is the text a handler is about, by in before args.
const text = `(if .in.text == null then (if .args.text == null then "" else .args.text end) else .in.text end | if type == "string" then . else tojson end)`

// readsDeps are the handlers that look into the outputs of dependencies.
var readsDeps = map[string]bool{"quality_gate": true}

// refused are handlers of Solutions that act on the world.
var refused = map[string]string{
	"local.file.read": "reads files", "local.file.write": "writes files", "approval.require": "asks a person",
	"document.pdf.lexical-query": "reads files",
}
