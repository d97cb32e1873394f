package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/krako-labs/krako/internal/sqlite"
)

const schema = "CREATE TABLE t (k TEXT PRIMARY KEY, v INTEGER NOT NULL) STRICT"

func open(t *testing.T, path string, version int) (*sqlite.DB, bool) {
	t.Helper()
	db, fresh, err := sqlite.Open(t.Context(), path, version, schema)
	if err != nil {
		t.Fatal(err)
	}
	return db, fresh
}

func count(t *testing.T, db *sqlite.DB) (n int) {
	t.Helper()
	err := db.Query(t.Context(), func(scan func(...any) error) error { return scan(&n) }, "SELECT count(*) FROM t")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func closed(t *testing.T, db *sqlite.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAnUpdateIsWholeOrNotThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a name with ?#% in it.db")
	db, fresh := open(t, path, 1)
	if !fresh {
		t.Error("a new file is not fresh")
	}
	no := errors.New("no")
	for _, end := range []error{nil, no} {
		err := db.Update(t.Context(), func(tx *sqlite.Tx) error {
			err := tx.Each("INSERT INTO t VALUES (?, ?)", func(exec func(...any) error) error {
				for _, k := range []string{"a", "b"} {
					if err := exec(k+map[bool]string{true: "2"}[end != nil], 1); err != nil {
						return err
					}
				}
				return nil
			})
			return errors.Join(err, end)
		})
		if !errors.Is(err, end) {
			t.Errorf("update ended with %v, want %v", err, end)
		}
	}
	if n := count(t, db); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
	closed(t, db)
	db, fresh = open(t, path, 1)
	if fresh || count(t, db) != 2 {
		t.Error("what was written is not there after opening again")
	}
	closed(t, db)
}

// A file of another schema, and a file that is no database, are replaced.
func TestWhatCannotBeReadIsComputedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db, _ := open(t, path, 1)
	if err := db.Update(t.Context(), func(tx *sqlite.Tx) error { return tx.Exec("INSERT INTO t VALUES ('a', 1)") }); err != nil {
		t.Fatal(err)
	}
	closed(t, db)
	db, fresh := open(t, path, 2)
	if !fresh || count(t, db) != 0 {
		t.Error("a file of another schema was kept")
	}
	closed(t, db)
	if err := os.WriteFile(path, []byte("this is no database, and it is longer than a header of one hundred bytes would be, by some way, surely"), 0o600); err != nil {
		t.Fatal(err)
	}
	db, fresh = open(t, path, 2)
	if !fresh || count(t, db) != 0 {
		t.Error("a damaged file was kept")
	}
	closed(t, db)
}
