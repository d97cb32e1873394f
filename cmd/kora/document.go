package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/kora/ir"
)

// maxDocument bounds a file that is read, in bytes.
const maxDocument = 64 << 20

// saved is a run as run --save writes it, and the graph alone as plan prints it.
type saved struct {
	Graph  *contracts.TaskGraph       `json:"graph"`
	Result *contracts.ExecutionResult `json:"result,omitempty"`
}

// readDocument reads a file, - for standard input: a run that was saved, a task graph,
// or a graph of KORA's Task IR 0.1, which is imported.
func (a *app) readDocument(name string) (*saved, error) {
	data, err := a.readFile(name)
	if err != nil {
		return nil, err
	}
	var kind struct {
		Graph json.RawMessage            `json:"graph"`
		Units json.RawMessage            `json:"work_units"`
		Tasks json.RawMessage            `json:"tasks"`
		Res   *contracts.ExecutionResult `json:"result"`
	}
	if err := json.Unmarshal(data, &kind); err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, name, "is no JSON object: %w", err)
	}
	s := &saved{Result: kind.Res}
	switch {
	case kind.Graph != nil:
		s.Graph, err = contracts.ParseGraph(kind.Graph, contracts.DefaultLimits())
	case kind.Units != nil:
		s.Graph, err = contracts.ParseGraph(data, contracts.DefaultLimits())
	case kind.Tasks != nil:
		s.Graph, err = importIR(data)
	default:
		err = contracts.Errorf(contracts.CodeValidation, name, "is neither a graph nor a saved run")
	}
	return s, err
}

func (a *app) readFile(name string) ([]byte, error) {
	var from io.Reader = a.stdin
	if name != "-" {
		f, err := cli.OpenInput(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		from = f
	}
	data, err := io.ReadAll(io.LimitReader(from, maxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(data) > maxDocument {
		return nil, contracts.Errorf(contracts.CodeValidation, name, "is longer than %d bytes", maxDocument)
	}
	return data, nil
}

// importIR makes a task graph of a graph in KORA's Task IR 0.1.
func importIR(data []byte) (*contracts.TaskGraph, error) {
	doc, err := ir.Decode(data)
	if err != nil {
		return nil, err
	}
	imported, err := ir.Import(doc, ir.Options{
		RequestID: uuid.Must(uuid.NewV7()).String(), Tenant: "local", CreatedAt: contracts.Time{Time: time.Now().UTC()},
		Adapters: adapters(doc),
	})
	if err != nil {
		return nil, err
	}
	return imported.Graph, nil
}

// adapters says which models stand behind the adapters that a document names: a small
// one, and a larger one at each stage behind it. Which model that is, is decided where
// it is asked.
func adapters(doc *ir.Graph) map[string]ir.Model {
	all := map[string]ir.Model{}
	for i := range doc.Tasks {
		name := doc.Tasks[i].Run.Spec.Adapter
		if name == "" {
			continue
		}
		all[name] = ir.Model{Tier: contracts.TierSmall}
		all[name+":gate"], all[name+":full"] = ir.Model{Tier: contracts.TierMedium}, ir.Model{Tier: contracts.TierLarge}
	}
	return all
}
