package pebblelog

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/eventlog/eventlogtest"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/blob/blobtest"
)

// A claim is seen at once, is durable with the next append and not before, and
// is one tenant's.
func TestClaims(t *testing.T) {
	fs := vfs.NewCrashableMem()
	db, err := openMem(fs)
	must(t, err)
	defer func() { must(t, db.Close()) }()
	var blocks []cid.Cid
	for i := range uint64(2*eventlog.MaxBatchRecords + 3) { // more than one request holds
		blocks = append(blocks, blob.Raw(blobtest.Sample(i, 10)).CID)
	}
	want := func(when string, db *DB, lab bool) {
		t.Helper()
		for _, c := range []cid.Cid{blocks[0], blocks[len(blocks)-1]} {
			for tenant, want := range map[contracts.TenantID]bool{"lab": lab, "club": false, "": false, "la": false} {
				if got, err := db.Claims().Has(t.Context(), tenant, c); got != want || err != nil {
					t.Errorf("%s: %q has %v, %v", when, tenant, got, err)
				}
			}
		}
	}
	crashed := func() *DB {
		t.Helper()
		db, err := openMem(fs.CrashClone(vfs.CrashCloneCfg{}))
		must(t, err)
		t.Cleanup(func() { must(t, db.Close()) })
		return db
	}
	want("before", db, false)
	must(t, db.Claims().Stage(t.Context(), "lab", blocks...))
	must(t, db.Claims().Stage(t.Context(), "lab", blocks...))
	want("staged", db, true)
	want("after a crash before the append", crashed(), false)
	_, err = db.Log().Append(t.Context(), eventlogtest.Batch(1))
	must(t, err)
	want("appended", db, true)
	want("after a crash behind the append", crashed(), true)
	if ok, err := db.Blocks().Has(t.Context(), blocks[0]); ok || err != nil {
		t.Errorf("a claim makes a block: %v, %v", ok, err)
	}
}
