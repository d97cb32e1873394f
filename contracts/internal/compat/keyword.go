package compat

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
)

func (w *walk) keyword(at, key string, a, b map[string]any) {
	old, had := a[key]
	now, has := b[key]
	switch key {
	case "properties":
		w.properties(at, a, b)
	case "required":
		w.required(at, list(old), list(now))
	case "additionalProperties":
		w.additional(at, a, b)
	case "enum":
		w.enum(at, had, has, list(old), list(now))
	case "minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties":
		w.bound(at, key, had, has, number(old), number(now), -1)
	case "maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties":
		w.bound(at, key, had, has, number(old), number(now), 1)
	case "items", "propertyNames", "then", "else":
		if had && has {
			w.compare(at+"/"+key, old, now)
		} else {
			w.oneSided(at, key, had)
		}
	case "allOf", "anyOf", "oneOf":
		w.alternatives(at, key, list(old), list(now))
	default: // type, const, pattern, uniqueItems, not, if and whatever comes
		if had && has && !reflect.DeepEqual(old, now) {
			w.breaks(at, "%s was %v, is %v", key, old, now)
		} else if had != has {
			w.oneSided(at, key, had)
		}
	}
}

// oneSided judges a condition that was dropped or added.
func (w *walk) oneSided(at, key string, dropped bool) {
	switch {
	case w.kind == block:
		w.breaks(at, "%s %s", key, map[bool]string{true: "dropped", false: "added"}[dropped])
	case w.kind == request && !dropped:
		w.breaks(at, "%s added: what was accepted may be refused", key)
	case w.kind == response && dropped:
		w.breaks(at, "%s dropped: what was promised is not any more", key)
	}
}

func (w *walk) properties(at string, a, b map[string]any) {
	old, now := object(a["properties"]), object(b["properties"])
	// Without a type these are no members but conditions on members.
	conditions := b["type"] == nil
	for _, name := range slices.Sorted(maps.Keys(old)) {
		switch s, ok := now[name]; {
		case ok:
			w.compare(at+"/"+name, old[name], s)
		case conditions:
			w.oneSided(at+"/"+name, "condition", true)
		default:
			w.breaks(at+"/"+name, "member removed")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		switch _, ok := old[name]; {
		case ok:
		case conditions:
			w.oneSided(at+"/"+name, "condition", false)
		case w.kind == block:
			w.breaks(at+"/"+name, "member added to a block")
		}
	}
}

func (w *walk) required(at string, old, now []any) {
	for _, name := range now {
		if !slices.Contains(old, name) && w.kind != response {
			w.breaks(at, "member %v became required", name)
		}
	}
	for _, name := range old {
		if !slices.Contains(now, name) && w.kind != request {
			w.breaks(at, "member %v is not always there any more", name)
		}
	}
}

// additional judges whether unknown members are accepted, and of what form.
func (w *walk) additional(at string, a, b map[string]any) {
	old, now := a["additionalProperties"], b["additionalProperties"]
	w.compare(at+"/*", old, now) // absent is true, and so is nil
}

func (w *walk) enum(at string, had, has bool, old, now []any) {
	if !had || !has {
		w.oneSided(at, "enum", had)
		return
	}
	for _, v := range old {
		if !slices.Contains(now, v) {
			w.breaks(at, "value %v removed", v)
		}
	}
}

// bound judges a limit. Outwards is the sign of a change that allows more.
func (w *walk) bound(at, key string, had, has bool, old, now float64, outwards float64) {
	if !had || !has {
		if had != has {
			w.oneSided(at, key, had)
		}
		return
	}
	wider := (now - old) * outwards
	switch {
	case wider == 0:
	case w.kind == block, w.kind == request && wider < 0, w.kind == response && wider > 0:
		w.breaks(at, "%s was %v, is %v", key, old, now)
	}
}

// alternatives compares lists of conditions place by place.
func (w *walk) alternatives(at, key string, old, now []any) {
	if len(old) != len(now) {
		w.breaks(at, "%s has %d parts, had %d", key, len(now), len(old))
		return
	}
	for i := range old {
		w.compare(fmt.Sprintf("%s/%s/%d", at, key, i), old[i], now[i])
	}
}

func object(v any) map[string]any { m, _ := v.(map[string]any); return m }
func list(v any) []any            { l, _ := v.([]any); return l }
func number(v any) float64        { n, _ := v.(float64); return n }
