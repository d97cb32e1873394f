package narrate

import (
	"strconv"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/session"
)

// trust tells what was proved about a node and what it may do now. That it was let
// in is told by the events of nodes.
func (t *Teller) trust(at eventlog.Offset, r *session.Record, s *session.Standing) error {
	switch {
	case s.Standing == session.Approved || s.Standing == session.Rotated || s.Standing == removed:
		return nil
	case s.Standing == session.Convicted:
		return t.say(at, 1, r, contracts.EventTrustEvidence, "", contracts.TrustEvidence{
			Kind: contracts.EvidenceConviction, Node: s.Node, Check: checkName(s.Check), Reason: s.Reason,
		})
	case s.Proof != nil:
		err := t.say(at, 2, r, contracts.EventTrustEvidence, "", contracts.TrustEvidence{
			Kind: contracts.EvidenceEquivocation, Node: s.Node, Proof: s.Proof, Reason: s.Reason,
		})
		if err != nil {
			return err
		}
	}
	return t.say(at, 1, r, contracts.EventTrustScore, "", contracts.TrustScore{
		Node: s.Node, Standing: s.Standing, Reason: s.Reason, Credibility: s.Credibility, Checks: s.Checks,
	})
}

// removed is the standing of a node that was ordered away: node.removed tells of it.
const removed = "removed"

// checkName names a check in an event, "" if there was none.
func checkName(check uint64) string {
	if check == 0 {
		return ""
	}
	return strconv.FormatUint(check, 10)
}
