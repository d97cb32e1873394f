package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/krako-labs/krako/contracts"
)

// kind says who reads a document and how strictly.
type kind string

const (
	// request documents are read by us: unknown members are refused.
	request kind = "request"
	// response documents are read by others: unknown members are ignored, so
	// that a later version may add some.
	response kind = "response"
	// block documents are DAG-CBOR, named by the hash of their bytes and written
	// here in their DAG-JSON form: they never change under one version number.
	block kind = "block"
)

// document is one public document and the type it is generated from.
type document struct {
	name string
	kind kind
	of   reflect.Type
}

func documents() []document {
	list := []document{
		{"task-graph", request, reflect.TypeFor[contracts.TaskGraph]()},
		{"work-unit", request, reflect.TypeFor[contracts.WorkUnit]()},
		{"submit-request", request, reflect.TypeFor[contracts.SubmitRequest]()},
		{"key-request", request, reflect.TypeFor[contracts.KeyRequest]()},
		{"quota", request, reflect.TypeFor[contracts.Quota]()},

		{"invocation", block, reflect.TypeFor[contracts.Invocation]()},
		{"model-invocation", block, reflect.TypeFor[contracts.ModelInvocation]()},
		{"model-result", block, reflect.TypeFor[contracts.ModelResult]()},
		{"result", block, reflect.TypeFor[contracts.Result]()},
		{"batch", block, reflect.TypeFor[contracts.Batch]()},

		{"event", response, reflect.TypeFor[contracts.Event]()},
		{"execution-result", response, reflect.TypeFor[contracts.ExecutionResult]()},
		{"telemetry-bundle", response, reflect.TypeFor[contracts.TelemetryBundle]()},
		{"backend-capabilities", response, reflect.TypeFor[contracts.BackendCapabilities]()},
		{"backend-status", response, reflect.TypeFor[contracts.BackendStatus]()},
		{"submit-response", response, reflect.TypeFor[contracts.SubmitResponse]()},
		{"session-list", response, reflect.TypeFor[contracts.SessionList]()},
		{"session-view", response, reflect.TypeFor[contracts.SessionView]()},
		{"node-list", response, reflect.TypeFor[contracts.NodeList]()},
		{"task-list", response, reflect.TypeFor[contracts.TaskList]()},
		{"block-stored", response, reflect.TypeFor[contracts.BlockStored]()},
		{"receipt", response, reflect.TypeFor[contracts.Receipt]()},
		{"unit-placement", response, reflect.TypeFor[contracts.UnitPlacement]()},
		{"key-created", response, reflect.TypeFor[contracts.KeyCreated]()},
		{"key-list", response, reflect.TypeFor[contracts.KeyList]()},
		{"quota-view", response, reflect.TypeFor[contracts.QuotaView]()},
		{"quota-list", response, reflect.TypeFor[contracts.QuotaList]()},
		{"error", response, reflect.TypeFor[contracts.Error]()},
		{"problem", response, reflect.TypeFor[contracts.Problem]()},
	}
	for _, t := range contracts.EventTypes() {
		if data := contracts.NewEventData(t); data != nil {
			list = append(list, document{dataName(t), response, reflect.TypeOf(data).Elem()})
		}
	}
	return list
}

func dataName(t contracts.EventType) string { return "event-data/" + string(t) }

// schemaFiles returns every generated file of the schema directory by name.
func schemaFiles(source string) (map[string][]byte, error) {
	src, err := readSource(source)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	used := map[string]bool{}
	for _, d := range documents() {
		b := builder{source: src, kind: d.kind, used: used}
		s, err := b.build(d)
		if err != nil {
			return nil, fmt.Errorf("schema of %s: %w", d.name, err)
		}
		if files[d.name+".json"], err = indented(s); err != nil {
			return nil, err
		}
	}
	for key := range rules {
		if !used[key] {
			return nil, fmt.Errorf("rule for %s, which is no member of any document", key)
		}
	}
	for key := range conditions {
		if !used[key] {
			return nil, fmt.Errorf("condition on %s, which is part of no document", key)
		}
	}
	if files["contract.json"], err = indented(newManifest(src)); err != nil {
		return nil, err
	}
	return files, nil
}

func indented(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
