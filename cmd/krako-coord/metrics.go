package main

import (
	"context"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/internal/obs"
)

// figures reads a coordinator for Prometheus.
func figures(c *coordinator.Coordinator) obs.Read {
	return func(ctx context.Context) ([]obs.Figure, error) {
		s, err := c.Stats(ctx)
		if err != nil {
			return nil, err
		}
		return append(counters(&s), gauges(&s)...), nil
	}
}

func counters(s *coordinator.Stats) []obs.Figure {
	grows := func(name, help string, v float64) obs.Figure {
		return obs.Figure{Name: name + "_total", Help: help, Value: v, Grows: true}
	}
	list := []obs.Figure{
		grows("sessions_accepted", "Graphs that were accepted.", float64(s.Accepted)),
		grows("units_dispatched", "Units given to nodes and pods, again each time.", float64(s.Dispatched)),
		grows("units_copied", "Units given to a second node because nothing moved at the first.", float64(s.Copied)),
		grows("units_cached", "Units that ended with a result that was known.", float64(s.Cached)),
		grows("leases_lost", "Units taken back from nodes.", float64(s.Lost)),
		grows("units_retried", "Failed attempts that were followed by another.", float64(s.Retried)),
		grows("retries_dropped", "Attempts not made because the tenant had no retry left.", float64(s.Dropped)),
		grows("batches", "Signed result batches recorded.", float64(s.Batches)),
		grows("fuel_used", "Fuel of units that were run.", float64(s.Fuel)),
		grows("units_run_seconds", "How long units ran, as their nodes say.", s.Running.Seconds()),
		grows("tokens_in", "Tokens that models read.", float64(s.TokensIn)),
		grows("tokens_out", "Tokens that models wrote.", float64(s.TokensOut)),
		grows("blocks_collected", "Blocks let go because nobody names them any more.", float64(s.Collected.Blocks)),
		grows("block_bytes_collected", "Bytes of those.", float64(s.Collected.Bytes)),
		grows("block_collections", "Collections of such blocks.", float64(s.Collected.Runs)),
		grows("log_commits", "Synced writes to the log.", float64(s.Commits)),
		grows("log_commit_seconds", "How long those took.", s.Committing.Seconds()),
	}
	each := func(name, help, label, of string, v uint64) {
		list = append(list, obs.Figure{Name: name + "_total", Help: help, Label: label, Of: of, Value: float64(v), Grows: true})
	}
	for _, state := range []contracts.UnitState{contracts.UnitSuccess, contracts.UnitFailed, contracts.UnitTimeout} {
		each("units_ended", "Units that were run to an end.", "state", string(state), s.Ended[state])
	}
	for _, state := range []contracts.SessionState{contracts.SessionCompleted, contracts.SessionFailed, contracts.SessionCancelled} {
		each("sessions_ended", "Sessions that have ended.", "state", string(state), s.Closed[state])
	}
	return list
}

func gauges(s *coordinator.Stats) []obs.Figure {
	now := func(name, help string, v float64) obs.Figure { return obs.Figure{Name: name, Help: help, Value: v} }
	list := []obs.Figure{
		now("sessions_open", "Sessions that run.", float64(s.SessionsOpen)),
		now("units_open", "Units of the sessions that run.", float64(s.UnitsOpen)),
		now("units_queued", "Units that wait for a node.", float64(s.Queued)),
		now("units_delayed", "Units that back off before another attempt.", float64(s.Delayed)),
		now("leases", "Units that nodes hold.", float64(s.Leases)),
		now("slots", "Units that connected nodes can run at once.", float64(s.Slots)),
		now("admission_pressure_ratio", "Units of running sessions as a share of the most allowed.", s.Pressure),
		now("model_calls_queued", "Model calls that wait for a pod.", float64(s.Calls.Queued)),
		now("model_calls_running", "Model calls that pods hold.", float64(s.Calls.Running)),
		now("model_calls_wait_p95_seconds", "How long 95 of 100 waiting model calls have waited at most.", float64(s.Calls.WaitMS)/1e3),
		now("pod_slots", "Model calls that connected pods can run at once.", float64(s.Calls.Slots)),
		now("pods_desired", "Pods that the coordinator wants; 0 where it does not decide.", float64(s.PodsDesired)),
		now("congestion", "1 while no more pods can be had and model calls wait all the same.", is(s.Congestion)),
		now("log_records", "Records in the log.", float64(s.LogRecords)),
		now("log_unindexed_records", "Records at the log's end that the read model does not hold yet.", float64(s.Unindexed)),
		now("block_bytes", "About what blocks take on the disk.", float64(s.BlockBytes)),
		now("block_collection_seconds", "How long the last collection of blocks took.", s.Collected.Took.Seconds()),
		now("log_epoch", "How often the log was opened to be written.", float64(s.Epoch)),
	}
	each := func(name, help, label, of string, v float64) {
		list = append(list, obs.Figure{Name: name, Help: help, Label: label, Of: of, Value: v})
	}
	each("workers", "Connected nodes and pods.", "kind", "node", float64(s.Nodes))
	each("workers", "Connected nodes and pods.", "kind", "pod", float64(s.Pods))
	const held = "Connected workers that get nothing, by why."
	each("workers_held", held, "why", "paused", float64(s.Paused))
	each("workers_held", held, "why", "silent", float64(s.Silent))
	each("workers_held", held, "why", "failing", float64(s.Tripped))
	for _, mode := range []string{"OPEN", "THROTTLED", "CRITICAL"} {
		each("admission_mode", "How graphs are let in: 1 for the present mode.", "mode", mode, is(s.Admission == mode))
		each("model_admission_mode", "How graphs with model calls are let in: 1 for the present mode.", "mode", mode, is(s.ModelAdmission == mode))
	}
	return list
}

func is(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
