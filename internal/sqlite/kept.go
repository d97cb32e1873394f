package sqlite

import (
	"context"
	"errors"
	"fmt"
)

// OpenKept opens a database that is a place of record: what it holds cannot be
// computed again. Every commit is synced, and a file that is damaged, or that a
// newer version of the program wrote, is an error and stays as it is. steps are
// the schema's history: the ones that the file has not seen are run, each in a
// transaction of its own. A step that was released is never changed.
func OpenKept(ctx context.Context, path string, steps []string) (_ *DB, err error) {
	db := &DB{}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open database %s: %w", path, err), db.Close())
		}
	}()
	if db.write, err = connect(path, 1, "FULL"); err != nil {
		return nil, err
	}
	var found int
	if err := db.write.QueryRowContext(ctx, "PRAGMA user_version").Scan(&found); err != nil {
		return nil, err
	}
	if found > len(steps) {
		return nil, fmt.Errorf("%w: version %d was written by a newer program, this one knows %d", errSchema, found, len(steps))
	}
	for i, step := range steps[found:] {
		err := db.Update(ctx, func(tx *Tx) error {
			return tx.Exec(step + fmt.Sprintf("; PRAGMA user_version = %d", found+i+1))
		})
		if err != nil {
			return nil, err
		}
	}
	if err := sound(ctx, db.write); err != nil {
		return nil, err
	}
	db.read, err = connect(path, readers, "FULL")
	return db, err
}

// Change runs one statement and returns how many rows it changed.
func (t *Tx) Change(query string, args ...any) (int64, error) {
	r, err := t.tx.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}
