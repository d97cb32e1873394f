package main

import (
	"context"

	"github.com/krako-labs/krako/internal/obs"
	"github.com/krako-labs/krako/llmpod"
)

// figures reads an agent for Prometheus. The label is the name of a model, of which a
// pod serves those that it was started with.
func figures(a *llmpod.Agent) obs.Read {
	return func(context.Context) ([]obs.Figure, error) {
		s := a.Status()
		list := []obs.Figure{{Name: "pod_units_running", Help: "Units that the pod works on.", Value: float64(s.Running)}}
		for _, m := range s.Models {
			ready := 0.0
			if m.Ready {
				ready = 1
			}
			of := func(name, help string, value float64, grows bool) {
				list = append(list, obs.Figure{Name: name, Help: help, Label: "model", Of: m.Name, Value: value, Grows: grows})
			}
			of("pod_model_ready", "Whether the model can be asked.", ready, false)
			of("pod_slots", "Conversations that the model's server has at once.", float64(m.Slots), false)
			of("pod_slots_free", "Those of them that nobody has.", float64(m.Free), false)
			of("pod_calls_waiting", "Calls that wait for a slot.", float64(m.Waiting), false)
			of("pod_calls_total", "Generations and embeddings, those that were cut short included.", float64(m.Calls), true)
			of("pod_tokens_read_total", "Tokens of prompts.", float64(m.TokensRead), true)
			of("pod_tokens_cached_total", "Those of them that were in the slot already.", float64(m.TokensCached), true)
			of("pod_tokens_generated_total", "Tokens of answers.", float64(m.TokensOut), true)
		}
		return list, nil
	}
}
