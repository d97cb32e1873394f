// Package sqlite is the one door to SQL: it opens small databases, on the SQLite
// that modernc.org has translated to Go. OpenKept is for what people wrote, Open for
// what can be computed again.
//
// A database of the second kind is opened with a write-ahead log that is synced at checkpoints only:
// a power cut may take the last transactions but never leaves half of one, and
// what is lost is computed again by whoever owns the file. It is no place of
// record. A file that is damaged, or of another schema, is thrown away.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"

	"modernc.org/sqlite"
)

// DB is an open database. It is safe for concurrent use; writes take turns.
type DB struct {
	read  *sql.DB
	write *sql.DB
}

// readers bounds how many reads run at once.
const readers = 4

// Open opens the database in the file at path, or makes it by running schema. A
// file that another schema made, or that is no sound database, is replaced by an
// empty one: fresh reports that what the database holds has to be computed.
func Open(ctx context.Context, path string, version int, schema string) (db *DB, fresh bool, err error) {
	db, fresh, err = open(ctx, path, version, schema)
	if err == nil || !replaceable(err) {
		return db, fresh, err
	}
	if err := Remove(path); err != nil {
		return nil, false, err
	}
	return open(ctx, path, version, schema)
}

// errSchema says that a file is of another schema.
var errSchema = errors.New("database is of another schema")

// The result codes that say that a file is no sound database.
const (
	codeCorrupt = 11
	codeNotADB  = 26
)

func replaceable(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		code := e.Code() & 0xff
		return code == codeCorrupt || code == codeNotADB
	}
	return errors.Is(err, errSchema)
}

func open(ctx context.Context, path string, version int, schema string) (_ *DB, fresh bool, err error) {
	db := &DB{}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open database %s: %w", path, err), db.Close())
		}
	}()
	if db.write, err = connect(path, 1, "NORMAL"); err != nil {
		return nil, false, err
	}
	if fresh, err = prepare(ctx, db.write, version, schema); err != nil {
		return nil, false, err
	}
	if db.read, err = connect(path, readers, "NORMAL"); err != nil {
		return nil, false, err
	}
	return db, fresh, nil
}

func connect(path string, most int, synchronous string) (*sql.DB, error) {
	q := url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(" + synchronous + ")", "busy_timeout(5000)", "cache_size(-4096)"}}
	q.Set("_txlock", "immediate")
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	return db, nil
}

// prepare makes the schema in an empty file, or checks that the file has it.
func prepare(ctx context.Context, db *sql.DB, version int, schema string) (fresh bool, err error) {
	var found int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&found); err != nil {
		return false, err
	}
	switch found {
	case version:
		return false, sound(ctx, db)
	case 0:
	default:
		return false, fmt.Errorf("%w: version %d, want %d", errSchema, found, version)
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, schema+fmt.Sprintf("; PRAGMA user_version = %d", version)); err != nil {
		return false, errors.Join(err, tx.Rollback())
	}
	return true, tx.Commit()
}

// sound looks at the pages that every use needs; damage elsewhere shows when it is
// read.
func sound(ctx context.Context, db *sql.DB) error {
	var tables int
	return db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables)
}

// Remove deletes the database at path, if there is one. It must not be open.
func Remove(path string) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove database: %w", err)
		}
	}
	return nil
}

// Close ends the database's use.
func (db *DB) Close() error {
	var err error
	for _, d := range []*sql.DB{db.read, db.write} {
		if d != nil {
			err = errors.Join(err, d.Close())
		}
	}
	return err
}

// Update runs do in one transaction, which is kept if do returns nil.
func (db *DB) Update(ctx context.Context, do func(*Tx) error) error {
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := do(&Tx{ctx, tx}); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// Tx is a transaction that is being written.
type Tx struct {
	ctx context.Context
	tx  *sql.Tx
}

// Exec runs one statement.
func (t *Tx) Exec(query string, args ...any) error {
	_, err := t.tx.ExecContext(t.ctx, query, args...)
	return err
}

// Each prepares a statement and calls run with a function that runs it.
func (t *Tx) Each(query string, run func(exec func(args ...any) error) error) (err error) {
	stmt, err := t.tx.PrepareContext(t.ctx, query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stmt.Close()) }()
	return run(func(args ...any) error {
		_, err := stmt.ExecContext(t.ctx, args...)
		return err
	})
}

// Query calls row with a scanner for each row of the answer, in order.
func (db *DB) Query(ctx context.Context, row func(scan func(...any) error) error, query string, args ...any) (err error) {
	rows, err := db.read.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
