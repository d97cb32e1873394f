package compat

// manifest is what contract.json says of one version.
type manifest struct {
	Version     string     `json:"version"`
	Documents   []document `json:"documents"`
	EventTypes  []event    `json:"event_types"`
	ErrorCodes  []code     `json:"error_codes"`
	StopReasons []stop     `json:"stop_reasons"`
	Rules       []string   `json:"rules"`
	Session     []step     `json:"session_transitions"`
	Unit        []step     `json:"unit_transitions"`
}

type document struct{ Name, Kind string }

type event struct{ Type, Data string }

type code struct {
	Code      string
	Retryable bool
}

type stop struct {
	StopReason   string `json:"stop_reason"`
	FailureClass string `json:"failure_class"`
}

type step struct{ From, Event, To string }

// sets compares the closed sets: each element stays, with what is said of it.
func (r *report) sets(was, is *manifest) {
	elements(r, "event_types", was.EventTypes, is.EventTypes,
		func(e event) string { return e.Type },
		func(old, now event) string {
			if old.Data != "" && now.Data != old.Data {
				return "its data is another document"
			}
			return ""
		})
	elements(r, "error_codes", was.ErrorCodes, is.ErrorCodes,
		func(c code) string { return c.Code },
		func(old, now code) string { return changed(old.Retryable != now.Retryable, "retryable changed") })
	elements(r, "stop_reasons", was.StopReasons, is.StopReasons,
		func(s stop) string { return s.StopReason },
		func(old, now stop) string { return changed(old != now, "failure class changed") })
	elements(r, "rules", was.Rules, is.Rules,
		func(s string) string { return s },
		func(string, string) string { return "" })
	r.steps("session_transitions", was.Session, is.Session)
	r.steps("unit_transitions", was.Unit, is.Unit)
}

func (r *report) steps(machine string, was, is []step) {
	elements(r, machine, was, is,
		func(s step) string { return s.From + " " + s.Event },
		func(old, now step) string { return changed(old != now, "leads to "+now.To+", not to "+old.To) })
}

func changed(yes bool, what string) string {
	if yes {
		return what
	}
	return ""
}

func elements[E any](r *report, set string, was, is []E, key func(E) string, judge func(old, now E) string) {
	now := make(map[string]E, len(is))
	for _, e := range is {
		now[key(e)] = e
	}
	for _, old := range was {
		e, ok := now[key(old)]
		if !ok {
			r.add(set+" "+key(old), "removed")
		} else if what := judge(old, e); what != "" {
			r.add(set+" "+key(old), "%s", what)
		}
	}
}
