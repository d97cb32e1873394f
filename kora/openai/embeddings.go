package openai

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"

	"github.com/google/uuid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora"
)

const maxTexts = 256

type embeddingsRequest struct {
	Model      string          `json:"model"`
	Input      json.RawMessage `json:"input"`
	Format     string          `json:"encoding_format"`
	Dimensions int             `json:"dimensions"`
}

func (e *embeddingsRequest) texts() ([]string, error) {
	var one string
	var all []string
	switch {
	case e.Dimensions != 0:
		return nil, unsupported("dimensions")
	case e.Model == "":
		return nil, refuse("model", "is missing")
	case e.Model == Det:
		return nil, refuse("model", Det+" asks no model, and only a model makes embeddings")
	case e.Format != "" && e.Format != "float" && e.Format != "base64":
		return nil, refuse("encoding_format", "is neither float nor base64")
	case json.Unmarshal(e.Input, &one) == nil:
		all = []string{one}
	case json.Unmarshal(e.Input, &all) != nil:
		return nil, refuse("input", "is neither a text nor a list of texts; tokens are not supported")
	}
	if len(all) == 0 || len(all) > maxTexts {
		return nil, refuse("input", fmt.Sprintf("has %d texts, allowed are 1 to %d", len(all), maxTexts))
	}
	for _, t := range all {
		if t == "" {
			return nil, refuse("input", "has an empty text")
		}
	}
	return all, nil
}

// embed serves POST /v1/embeddings: a graph of one unit a text.
func (s *Server) embed(w http.ResponseWriter, r *http.Request) error {
	var req embeddingsRequest
	if err := read(w, r, &req); err != nil {
		return err
	}
	texts, err := req.texts()
	if err != nil {
		return err
	}
	if !s.opts.Engine.Models {
		return contracts.Errorf(contracts.CodeModelUnavailable, "model", "there is no model to ask")
	}
	g := s.embedGraph(req.Model, texts)
	res, err := s.opts.Engine.Run(r.Context(), g, g.RequestID, kora.Observer{})
	if err != nil {
		return err
	}
	if e := res.Metadata.Error; e != nil {
		return e
	}
	data := make([]any, len(texts))
	var in int64
	for i := range res.Telemetry.Tasks {
		t := &res.Telemetry.Tasks[i]
		block, err := s.opts.Engine.Blocks.GetBlock(r.Context(), t.Output.CID.Cid)
		if err != nil {
			return err
		}
		vector, err := vectorOf(block, req.Format)
		if err != nil {
			return err
		}
		in += t.TokensIn
		data[i] = map[string]any{"object": "embedding", "index": i, "embedding": vector}
	}
	w.Header().Set("Krako-Run-Id", g.RequestID)
	return writeJSON(w, map[string]any{
		"object": "list", "model": req.Model, "data": data, "usage": map[string]any{"prompt_tokens": in, "total_tokens": in},
		"krako": map[string]any{"run_id": g.RequestID, "graph_cid": res.Metadata.GraphCID, "execution": "model", "model_calls": res.Telemetry.ModelInvocationCount},
	})
}

func (s *Server) embedGraph(model string, texts []string) *contracts.TaskGraph {
	if model == Auto {
		model = ""
	}
	calls := int64(len(texts))
	g := &contracts.TaskGraph{
		SchemaVersion: contracts.Version, GraphVersion: "kora-openai/1", GraphID: uuid.Must(uuid.NewV7()).String(), RequestID: uuid.Must(uuid.NewV7()).String(),
		TenantID: "local", CreatedAt: contracts.Time{Time: s.now().UTC()}, Budgets: contracts.Budgets{MaxLLMCalls: &calls},
	}
	for i, t := range texts {
		id := contracts.UnitID(fmt.Sprintf("e%d", i+1))
		g.WorkUnits = append(g.WorkUnits, contracts.WorkUnit{ID: id, Name: "embed", Type: contracts.LLM, Retries: &contracts.Retries{MaxAttempts: 1},
			Model: &contracts.ModelCall{Operation: contracts.Embed, Tier: contracts.TierSmall, Name: model, Prompt: t}})
		g.Outputs.Final = append(g.Outputs.Final, contracts.FinalOutput{WorkUnitID: id})
	}
	return g
}

// vectorOf is an embedding in the form that was asked for: numbers, or base64 of
// their 32-bit floats, little end first.
func vectorOf(block []byte, format string) (any, error) {
	var v []float64
	if err := json.Unmarshal(block, &v); err != nil {
		return nil, fmt.Errorf("read embedding: %w", err)
	}
	if format != "base64" {
		return v, nil
	}
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(x)))
	}
	return base64.StdEncoding.EncodeToString(b), nil
}
