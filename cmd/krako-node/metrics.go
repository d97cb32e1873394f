package main

import (
	"context"
	"maps"
	"slices"

	"github.com/krako-labs/krako/internal/obs"
	"github.com/krako-labs/krako/node"
)

// figures reads an agent for Prometheus.
func figures(a *node.Agent) obs.Read {
	return func(context.Context) ([]obs.Figure, error) {
		s := a.Status()
		linked := 0.0
		if s.Coordinator != "" {
			linked = 1
		}
		list := []obs.Figure{
			{Name: "node_units_executed_total", Help: "Units that were run to a result.", Value: float64(s.Executed), Grows: true},
			{Name: "node_units_failed_total", Help: "Those among them whose result is no success.", Value: float64(s.Failed), Grows: true},
			{Name: "node_results_recorded_total", Help: "Results that the cluster has recorded.", Value: float64(s.Recorded), Grows: true},
			{Name: "node_results_rejected_total", Help: "Results that the cluster refused.", Value: float64(s.Rejected), Grows: true},
			{Name: "node_units_run_seconds_total", Help: "How long units ran, all slots added up.", Value: s.Counters.Busy.Seconds(), Grows: true},
			{Name: "node_slots", Help: "Units that the node runs at once.", Value: float64(s.Slots)},
			{Name: "node_slots_busy", Help: "Units that run.", Value: float64(s.Busy)},
			{Name: "node_units_waiting", Help: "Units in hand that wait for a slot.", Value: float64(s.Waiting)},
			{Name: "node_batches_unacked", Help: "Signed batches that are not recorded yet.", Value: float64(s.Unacked)},
			{Name: "node_connected", Help: "Whether the node has a work stream.", Value: linked},
		}
		for _, code := range slices.Sorted(maps.Keys(s.Faults)) { // a closed set
			list = append(list, obs.Figure{
				Name: "node_faults_total", Help: "Units without a result, by why.", Label: "code", Of: string(code),
				Value: float64(s.Faults[code]), Grows: true,
			})
		}
		return list, nil
	}
}
