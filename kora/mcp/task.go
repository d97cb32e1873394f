package mcp

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/ipfs/go-cid"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora"
)

// blobsMember is the argument for what a task reads as blobs, by their names.
const blobsMember = "_blobs"

// addTask makes a task a tool.
func (s *Server) addTask(t *contracts.TaskView) error {
	in, err := inputSchema(t)
	if err != nil {
		return err
	}
	tool := &sdk.Tool{
		Name: ToolName(t.Task), Title: t.Task, Description: describe(t), InputSchema: in,
		Annotations: &sdk.ToolAnnotations{ReadOnlyHint: true, IdempotentHint: true, OpenWorldHint: new(false)},
	}
	var out map[string]any
	if !t.OutputSchema.IsZero() && json.Unmarshal(t.OutputSchema, &out) == nil && out["type"] == "object" {
		spellOut(out)
		tool.OutputSchema = out
	}
	s.sdk.AddTool(tool, func(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		return s.callTask(ctx, t, r.Params.Arguments), nil
	})
	return nil
}

func describe(t *contracts.TaskView) string {
	text := t.Description
	if t.Input != "" {
		text += "\nInput: " + t.Input
	}
	if t.Blobs != "" {
		text += "\nBlobs (in " + blobsMember + ", each as text): " + t.Blobs
	}
	return text
}

// inputSchema is the task's, which also takes blobs if the task does.
func inputSchema(t *contracts.TaskView) (map[string]any, error) {
	schema := map[string]any{}
	if !t.InputSchema.IsZero() {
		if err := json.Unmarshal(t.InputSchema, &schema); err != nil {
			return nil, contracts.Errorf(contracts.CodeValidation, t.Task, "input schema is no object: %w", err)
		}
	}
	schema["type"] = "object" // which every input is
	spellOut(schema)
	if t.Blobs != "" {
		properties, _ := schema["properties"].(map[string]any)
		if properties == nil {
			properties = map[string]any{}
		}
		properties[blobsMember] = map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "string"}}
		schema["properties"] = properties
	}
	return schema, nil
}

// spellOut writes members that may be anything, for which JSON Schema also has true, as
// objects: the protocol's client for TypeScript refuses a list of tools with others.
func spellOut(schema map[string]any) {
	properties, _ := schema["properties"].(map[string]any)
	for name, s := range properties {
		switch s {
		case true:
			properties[name] = map[string]any{}
		case false:
			properties[name] = map[string]any{"not": map[string]any{}}
		}
	}
}

// callTask runs a task on arguments.
func (s *Server) callTask(ctx context.Context, t *contracts.TaskView, arguments json.RawMessage) *sdk.CallToolResult {
	u := contracts.WorkUnit{ID: "call", Name: t.Task, Type: t.Type, Program: &contracts.Program{Task: t.Task}}
	if u.Type == "" {
		u.Type = contracts.Deterministic
	}
	var err error
	if u.Input, u.Blobs, err = s.input(ctx, arguments); err != nil {
		return troubleOf(err)
	}
	g := s.graph(u)
	res, err := s.opts.Engine.Run(ctx, g, g.RequestID, kora.Observer{})
	if err != nil {
		return troubleOf(err)
	}
	if res.Metadata.Error != nil {
		return trouble(res.Metadata.Error)
	}
	output, err := s.opts.Engine.Blocks.GetBlock(ctx, res.Metadata.Output.CID.Cid)
	if err != nil {
		return troubleOf(err)
	}
	r := result(res.Metadata.Output.MediaType, output)
	r.Meta = sdk.Meta{"krako/run_id": g.RequestID, "krako/graph_cid": res.Metadata.GraphCID, "krako/unit_cid": res.Telemetry.Tasks[0].UnitCID}
	return r
}

// input splits arguments into a unit's input and its blobs, which it stores.
func (s *Server) input(ctx context.Context, arguments json.RawMessage) (contracts.JSON, map[string]contracts.Link, error) {
	if len(arguments) == 0 {
		return nil, nil, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(arguments, &members); err != nil {
		return nil, nil, contracts.Errorf(contracts.CodeValidation, "arguments", "are no JSON object")
	}
	var blobs map[string]contracts.Link
	if raw, ok := members[blobsMember]; ok {
		var texts map[string]string
		if err := json.Unmarshal(raw, &texts); err != nil {
			return nil, nil, contracts.Errorf(contracts.CodeValidation, blobsMember, "is no object of texts")
		}
		blobs = make(map[string]contracts.Link, len(texts))
		for name, text := range texts {
			id, err := s.opts.Engine.Blocks.PutBlock(ctx, cid.Raw, []byte(text))
			if err != nil {
				return nil, nil, err
			}
			blobs[name] = contracts.Link{Cid: id}
		}
		delete(members, blobsMember)
		var err error
		if arguments, err = json.Marshal(members); err != nil {
			return nil, nil, fmt.Errorf("encode input: %w", err)
		}
	}
	in, err := contracts.NewJSON(arguments)
	return in, blobs, err
}

// graph is a graph of one unit.
func (s *Server) graph(u contracts.WorkUnit) *contracts.TaskGraph {
	return &contracts.TaskGraph{
		SchemaVersion: contracts.Version, GraphVersion: "kora-mcp/1", GraphID: uuid.Must(uuid.NewV7()).String(), RequestID: uuid.Must(uuid.NewV7()).String(),
		TenantID: "local", CreatedAt: contracts.Time{Time: s.opts.Now().UTC()}, WorkUnits: []contracts.WorkUnit{u},
		Outputs: contracts.Outputs{Final: []contracts.FinalOutput{{WorkUnitID: u.ID}}},
	}
}
