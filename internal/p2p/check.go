package p2p

import (
	"fmt"

	"github.com/krako-labs/krako/contracts"
)

// The bounds that a message's type does not express. They hold for what is
// sent and for what is received, so that a fault shows on the side that has it.

func (m *Hello) check() error {
	// The version is judged by the handshake, which answers a foreign one.
	return firstError(
		oneOf("kind", m.Kind, "node", "pod"),
		textList("profiles", m.Profiles),
		text("version", m.Version, maxText),
		text("engine", m.Engine, maxText),
		within("slots", m.Slots, 1, MaxCredit),
		within("memory_mb", m.MemoryMB, 0, 1<<30),
		textList("tags", m.Tags),
		text("region", m.Region, maxText),
		models(m),
		within("bytes of enrol", len(m.Enrol), 0, maxProof),
		rotations(m.Rotations),
	)
}

// rotations checks what a worker says of its former keys.
func rotations(list [][]byte) error {
	if err := within("rotations", len(list), 0, MaxRotations); err != nil {
		return err
	}
	for _, r := range list {
		if err := within("bytes of rotation", len(r), 1, maxProof); err != nil {
			return err
		}
	}
	return nil
}

// models checks what a pod offers; a node offers none.
func models(m *Hello) error {
	most := maxModels
	if m.Kind == "node" {
		most = 0
	}
	if err := within("models", len(m.Models), 0, most); err != nil {
		return err
	}
	for i := range m.Models {
		o := &m.Models[i]
		if err := firstError(
			text("name of model", o.Name, maxText),
			text("class of model", o.Class, maxText),
			within("context of model", o.Context, 1, maxContext),
			oneOf("tier of model", string(o.Tier), string(contracts.TierSmall), string(contracts.TierMedium), string(contracts.TierLarge)),
			oneOf("operation of model", string(o.Operation), string(contracts.Generate), string(contracts.Embed)),
		); err != nil {
			return err
		}
	}
	return nil
}

func (m *Welcome) check() error {
	return firstError(
		text("cluster", m.Cluster, maxText),
		within("lease_ms", m.LeaseMS, 1, maxLease),
		within("heartbeat_ms", m.HeartbeatMS, minBeat, maxBeat),
		within("max_batch", m.MaxBatch, 1, MaxUnits),
	)
}

func (m *Refuse) check() error { return reason(m.Code, m.Message) }

func (m *Credit) check() error { return within("n", m.N, 1, MaxCredit) }

func (m *Assign) check() error {
	if err := within("units", len(m.Units), 1, MaxUnits); err != nil {
		return err
	}
	for i := range m.Units {
		u := &m.Units[i]
		if err := firstError(
			within("attempt", u.Attempt, 0, maxAttempt),
			within("replica", u.Replica, 0, maxAttempt),
			within("run_timeout_ms", u.RunTimeoutMS, 0, maxLease),
			within("bytes of unit", len(u.Invocation), 1, MaxFrame),
			text("tenant", u.Tenant, maxOpaque),
			text("session", u.Session, maxOpaque),
			u.Resume.check(),
			u.Allow.check(),
			u.Score.check(),
		); err != nil {
			return err
		}
	}
	return nil
}

func (m *Results) check() error {
	return firstError(
		within("bytes of batch", len(m.Batch), 1, MaxFrame),
		within("items", len(m.Items), 0, MaxUnits),
		within("outputs", len(m.Outputs), 0, MaxUnits),
	)
}

func (m *Tokens) check() error {
	return firstError(text("text", m.Text, MaxText), within("tokens", len(m.Tokens), 0, MaxTokens), within("at", m.At, 0, maxContext))
}

func (a *Allowance) check() error {
	if a == nil {
		return nil
	}
	return firstError(within("calls", a.Calls, 1, maxCalls), within("tokens", int(min(a.Tokens, maxContext)), 1, maxContext))
}

func (r *Resume) check() error {
	if r == nil {
		return nil
	}
	return firstError(text("text of resume", r.Text, MaxText), within("tokens of resume", len(r.Tokens), 1, MaxTokens))
}

func (s *Said) check() error {
	if s == nil {
		return nil
	}
	return firstError(
		text("weights of score", s.Weights, maxOpaque),
		text("text of score", s.Text, MaxText),
		within("tokens of score", len(s.Tokens), 1, MaxTokens),
	)
}

func (m *Scored) check() error {
	return firstError(within("positions", m.Positions, 0, MaxTokens), within("misses", m.Misses, 0, m.Positions))
}

func (m *Ack) check() error { return nil }

func (m *Reject) check() error { return reason(m.Code, m.Message) }

func (m *Heartbeat) check() error {
	return firstError(
		within("running", len(m.Running), 0, 2*MaxCredit),
		within("load_percent", m.LoadPercent, 0, 100),
		within("free_slots", m.FreeSlots, 0, MaxCredit),
		text("pause", m.Pause, maxText),
		text("degraded", m.Degraded, maxText),
	)
}

func (m *Cancel) check() error { return within("leases", len(m.Leases), 1, 2*MaxCredit) }

func (m *Drain) check() error { return nil }

func (m *Fault) check() error { return reason(m.Code, m.Message) }

func (m *Goodbye) check() error { return reason(m.Code, m.Message) }

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func within(field string, n, low, high int) error {
	if n < low || n > high {
		return fmt.Errorf("%s is %d, not %d to %d", field, n, low, high)
	}
	return nil
}

func text(field, s string, most int) error {
	if len(s) > most {
		return fmt.Errorf("%s has %d bytes, at most %d", field, len(s), most)
	}
	return nil
}

func textList(field string, list []string) error {
	if len(list) > maxList {
		return fmt.Errorf("%s has %d entries, at most %d", field, len(list), maxList)
	}
	for _, s := range list {
		if err := text("entry of "+field, s, maxText); err != nil {
			return err
		}
	}
	return nil
}

func oneOf(field, s string, allowed ...string) error {
	for _, a := range allowed {
		if s == a {
			return nil
		}
	}
	return fmt.Errorf("%s is %.40q, not one of %q", field, s, allowed)
}

// reason checks a code that a peer sent: it must be one that means something.
func reason(code contracts.Code, message string) error {
	if !code.Valid() {
		return fmt.Errorf("code %.40q is unknown", code)
	}
	return text("message", message, maxNote)
}
