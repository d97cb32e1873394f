package coordinator

import (
	"github.com/krako-labs/krako/coordinator/session"
)

// ailment says what is wrong with a connected pod, "" if nothing is: it serves less
// than it said, or gets nothing because it does not answer or fails what it is given.
func (n *node) ailment() string {
	switch {
	case n.info.Kind != "pod" || n.worker == nil:
		return ""
	case n.worker.paused != "":
		return n.worker.paused
	case n.worker.degraded != "":
		return n.worker.degraded
	case n.silent:
		return "it misses heartbeats"
	case n.tripped:
		return "it fails what it is given"
	}
	return ""
}

// diagnose records when a pod becomes degraded, or ready again. What is wrong with
// it may change meanwhile; that it is, is told once.
func (st *state) diagnose(n *node) {
	why := n.ailment()
	if (why == "") == (n.ailing == "") || n.worker == nil {
		return
	}
	n.ailing = why
	info := n.info
	info.Reason = why
	st.must(st.commit.add(&session.Record{At: st.now.UnixMicro(), Node: &session.Node{Info: info, Degraded: why != ""}}, nil))
}
