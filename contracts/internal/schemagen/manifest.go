package main

import (
	"github.com/krako-labs/krako/contracts"
)

// manifest lists everything that a version of the contract closes: documents,
// event types, error codes, stop reasons and state machines.
type manifest struct {
	Comment            string          `json:"$comment"`
	Version            string          `json:"version"`
	Documents          []documentEntry `json:"documents"`
	EventTypes         []eventEntry    `json:"event_types"`
	ErrorCodes         []codeEntry     `json:"error_codes"`
	StopReasons        []stopEntry     `json:"stop_reasons"`
	Rules              []string        `json:"rules"`
	SessionTransitions []stepEntry     `json:"session_transitions"`
	UnitTransitions    []stepEntry     `json:"unit_transitions"`
}

type documentEntry struct {
	Name string `json:"name"`
	Kind kind   `json:"kind"`
}

type eventEntry struct {
	Type contracts.EventType `json:"type"`
	// Data names the document of the event's data, "" if it has none.
	Data string `json:"data,omitempty"`
}

type codeEntry struct {
	Code      contracts.Code `json:"code"`
	Retryable bool           `json:"retryable"`
}

type stopEntry struct {
	StopReason   contracts.StopReason   `json:"stop_reason"`
	FailureClass contracts.FailureClass `json:"failure_class,omitempty"`
}

type stepEntry struct {
	From  string              `json:"from"`
	Event contracts.EventType `json:"event"`
	To    string              `json:"to"`
}

func newManifest(src *source) manifest {
	m := manifest{
		Comment: notice, Version: contracts.Version, Rules: src.values["Rule"],
		SessionTransitions: steps(contracts.SessionTransitions()),
		UnitTransitions:    steps(contracts.UnitTransitions()),
	}
	for _, d := range documents() {
		m.Documents = append(m.Documents, documentEntry{d.name, d.kind})
	}
	for _, t := range contracts.EventTypes() {
		e := eventEntry{Type: t}
		if contracts.NewEventData(t) != nil {
			e.Data = dataName(t)
		}
		m.EventTypes = append(m.EventTypes, e)
	}
	for _, c := range src.values["Code"] {
		m.ErrorCodes = append(m.ErrorCodes, codeEntry{contracts.Code(c), contracts.Code(c).Retryable()})
	}
	for _, r := range src.values["StopReason"] {
		m.StopReasons = append(m.StopReasons, stopEntry{contracts.StopReason(r), contracts.StopReason(r).Class()})
	}
	return m
}

func steps[S ~string](list []contracts.Transition[S]) []stepEntry {
	entries := make([]stepEntry, len(list))
	for i, t := range list {
		entries[i] = stepEntry{string(t.From), t.Event, string(t.To)}
	}
	return entries
}
