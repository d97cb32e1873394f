package studio

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/krako-labs/krako/contracts"
)

// State is what Studio can do now.
type State struct {
	Version string `json:"version"`
	Zone    string `json:"zone"`
	Locale  string `json:"locale"`
	// CanAskModels says whether a model is ready to be asked.
	CanAskModels bool    `json:"can_ask_models"`
	Models       []Model `json:"models" nullable:"false"`
	Backend      Backend `json:"backend"`
	// Gateway is that of the fabric that questions can run on, empty for none.
	Gateway  string         `json:"gateway"`
	Settings map[string]any `json:"settings"`
}

// Backend is where graphs run.
type Backend struct {
	Name        string `json:"name"`
	State       string `json:"state"`
	Detail      string `json:"detail"`
	Slots       int    `json:"slots"`
	Distributed bool   `json:"distributed"`
}

// settings are the ones there are, so that a page cannot fill the disk.
var settings = map[string]bool{"theme": true, "advanced": true, "mode": true, "model": true, "system": true, "temperature": true, "max_tokens": true, "shortcuts": true, "onboarded": true}

const maxSetting = 32 << 10

func (s *Server) state(ctx context.Context, _ *struct{}) (State, error) {
	st := State{Version: s.o.Version, Zone: s.o.Zone, Locale: s.o.Locale, Models: []Model{}, Settings: map[string]any{}}
	st.Models = append(st.Models, s.models(ctx)...)
	st.CanAskModels = slices.ContainsFunc(st.Models, func(m Model) bool { return m.Ready })
	st.Backend = s.backend(ctx)
	st.Gateway = s.far.gateway()
	kept, err := s.o.History.Settings(ctx)
	for name, value := range kept {
		var v any
		if json.Unmarshal([]byte(value), &v) == nil {
			st.Settings[name] = v
		}
	}
	return st, err
}

// models are the models there are, none where none can be asked.
func (s *Server) models(ctx context.Context) []Model {
	if !s.o.Engine.Models || s.o.Models == nil {
		return nil
	}
	return s.o.Models(ctx)
}

func (s *Server) backend(ctx context.Context) Backend {
	b := Backend{Name: "This computer", State: string(contracts.Unavailable)}
	caps, err := s.o.Engine.Backend.Capabilities(ctx)
	if err != nil {
		b.Detail = err.Error()
		return b
	}
	if b.Distributed = caps.Distributed; caps.Distributed {
		b.Name = "Krako"
	}
	health, err := s.o.Engine.Backend.Health(ctx)
	if err != nil {
		b.Detail = err.Error()
		return b
	}
	b.State, b.Detail, b.Slots = string(health.State), health.Reason, health.Capacity.Slots
	return b
}

type settingInput struct {
	Name string `path:"name" maxLength:"64"`
	Body struct {
		Value any `json:"value"`
	}
}

func (s *Server) setSetting(ctx context.Context, in *settingInput) (none, error) {
	b, err := json.Marshal(in.Body.Value)
	if err != nil {
		return none{}, err
	}
	if !settings[in.Name] || len(b) > maxSetting {
		return none{}, contracts.Errorf(contracts.CodeValidation, in.Name, "there is no such setting, or it is too long")
	}
	return none{}, s.o.History.Set(ctx, in.Name, string(b))
}
