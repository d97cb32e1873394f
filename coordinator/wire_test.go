package coordinator_test

import (
	"reflect"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/coordinator/verify"
	"github.com/krako-labs/krako/internal/p2p"
)

// TestAssignmentsDoNotTellThatTheyCheck takes one unit as it comes over the wire to
// who computes it first, to who confirms it, to who audits it after it was used, and
// to the trusted zone: but for the lease they are the same to the last field, whatever
// fields there are.
func TestAssignmentsDoNotTellThatTheyCheck(t *testing.T) {
	audited := func(trusted float64) tuning {
		return func(c *coordinator.Config) {
			c.Verify = coordinator.Open()
			c.Verify.AuditRate, c.Verify.TrustedShare = 1, trusted
			c.Verify.Theta[verify.Standard] = 1
		}
	}
	for name, c := range map[string]struct {
		mode contracts.VerificationMode
		tune tuning
		zone bool // the second execution is the trusted zone's
	}{
		"replica":          {contracts.VerifyQuorum, func(*coordinator.Config) {}, false},
		"audit by replica": {contracts.VerifyAdaptive, audited(0), false},
		"audit by zone":    {contracts.VerifyAdaptive, audited(1), true},
		"recompute":        {contracts.VerifyRecompute, func(*coordinator.Config) {}, true},
	} {
		t.Run(name, func(t *testing.T) {
			id, trusted := zone(t)
			f := startFabric(t, trusted, c.tune)
			first := f.connect()
			f.submit(graph(moded(unit("a", `{"n":1}`), c.mode)))
			primary := first.take()
			first.send(first.seal(first.echo(primary)))
			first.expectAck(1)
			var second *worker
			if c.zone {
				second = f.connectAs(id)
			} else {
				second = f.connect()
			}
			check := second.take()
			if primary.Lease == check.Lease {
				t.Error("two executions have one lease")
			}
			primary.Lease, check.Lease = 0, 0
			if !reflect.DeepEqual(primary, check) {
				t.Errorf("the check can be told from the work:\n%+v\n%+v", primary, check)
			}
		})
	}
	// A field that this test cannot compare must not come unnoticed.
	for i := range reflect.TypeFor[p2p.Unit]().NumField() {
		if f := reflect.TypeFor[p2p.Unit]().Field(i); !f.IsExported() {
			t.Errorf("field %s of an assignment is not compared", f.Name)
		}
	}
}
