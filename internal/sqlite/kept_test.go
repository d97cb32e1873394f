package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/krako-labs/krako/internal/sqlite"
)

// A database that is kept grows with its schema, and nothing takes it away: not a
// newer version, not damage.
func TestOpenKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kept.db")
	steps := []string{"CREATE TABLE t (k TEXT)", "ALTER TABLE t ADD COLUMN n INTEGER"}
	db, err := sqlite.OpenKept(t.Context(), path, steps[:1])
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(t.Context(), func(tx *sqlite.Tx) error { return tx.Exec("INSERT INTO t VALUES ('a')") }); err != nil {
		t.Fatal(err)
	}
	closed(t, db)
	db, err = sqlite.OpenKept(t.Context(), path, steps)
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	err = db.Query(t.Context(), func(scan func(...any) error) error {
		rows++
		var k string
		var n *int
		return scan(&k, &n)
	}, "SELECT k, n FROM t")
	if err != nil || rows != 1 {
		t.Fatalf("%d rows after the second step: %v", rows, err)
	}
	closed(t, db)
	if _, err := sqlite.OpenKept(t.Context(), path, steps[:1]); err == nil {
		t.Error("an older program opened a newer file")
	}
	bad := []byte("this is no database, and it is longer than a header of one hundred bytes would be, by some way, surely")
	if err := os.WriteFile(path, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.OpenKept(t.Context(), path, steps); err == nil {
		t.Error("a damaged file was opened")
	}
	if left, err := os.ReadFile(path); err != nil || string(left) != string(bad) {
		t.Errorf("a damaged file was changed: %v", err)
	}
}
