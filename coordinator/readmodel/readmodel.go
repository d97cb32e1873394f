// Package readmodel remembers sessions that have ended, so that a coordinator
// need not: for lists, for submissions that come again, and for where a session
// stands in the log. It also keeps the hashes that proofs about the log are made
// of, and which survey of the log is the newest.
//
// It is a fold of the log in an SQLite file. Deleting the file loses nothing: it
// is computed again from the log's beginning. It is never asked what is true of a
// session that runs.
package readmodel

import (
	"context"
	"errors"
	"fmt"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/transparency"
	"github.com/krako-labs/krako/internal/sqlite"
)

// version counts changes of the schema. A file of another version is computed
// again.
const version = 1

// Session ids are UUIDs of version 7: their order is the order of submission.
const schema = `
CREATE TABLE position (log TEXT NOT NULL, through INTEGER NOT NULL, survey_record INTEGER NOT NULL, survey BLOB NOT NULL) STRICT;
CREATE TABLE session (
	id TEXT PRIMARY KEY, tenant TEXT NOT NULL, request TEXT NOT NULL, graph_id TEXT NOT NULL, graph BLOB NOT NULL,
	first INTEGER NOT NULL, last INTEGER NOT NULL, state TEXT NOT NULL, opened INTEGER NOT NULL, ended INTEGER NOT NULL,
	total INTEGER NOT NULL, waiting INTEGER NOT NULL, running INTEGER NOT NULL, done INTEGER NOT NULL, failed INTEGER NOT NULL,
	result BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX session_request ON session (tenant, request);
CREATE INDEX session_tenant ON session (tenant, id);
CREATE TABLE tree (level INTEGER NOT NULL, n INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, n)) STRICT, WITHOUT ROWID;
`

// Model is an open read model. It is safe for concurrent use, with one writer.
type Model struct {
	db  *sqlite.DB
	log string
}

// Open opens the read model of a cluster's log in the file at path. One that does
// not exist, is damaged, or is of another log or release is empty.
func Open(ctx context.Context, path, cluster string) (*Model, error) {
	db, fresh, err := sqlite.Open(ctx, path, version, schema)
	if err != nil {
		return nil, err
	}
	m := &Model{db: db, log: cluster}
	if !fresh {
		p, err := m.Position(ctx)
		if err == nil && p.Log == cluster {
			return m, nil
		}
		// Of another log, or not readable: nothing in it is of use.
		if err := db.Close(); err != nil {
			return nil, err
		}
		if err := sqlite.Remove(path); err != nil {
			return nil, err
		}
		if m.db, _, err = sqlite.Open(ctx, path, version, schema); err != nil {
			return nil, err
		}
	}
	err = m.db.Update(ctx, func(tx *sqlite.Tx) error {
		return tx.Exec("INSERT INTO position VALUES (?, 0, 0, x'')", cluster)
	})
	return m, err
}

// Close ends the model's use.
func (m *Model) Close() error { return m.db.Close() }

// Position says how far a model has come.
type Position struct {
	Log     string
	Through eventlog.Offset // the last record folded
	// Survey is the block of the newest survey, undefined if there is none, and
	// SurveyRecord the record that names it.
	Survey       cid.Cid
	SurveyRecord eventlog.Offset
}

// Position returns how far the model has come.
func (m *Model) Position(ctx context.Context) (p Position, err error) {
	var (
		survey          []byte
		through, record int64
		found           bool
	)
	err = m.db.Query(ctx, func(scan func(...any) error) error {
		found = true
		return scan(&p.Log, &through, &record, &survey)
	}, "SELECT log, through, survey_record, survey FROM position")
	if err == nil && !found {
		err = errors.New("read model has lost its position")
	}
	p.Through, p.SurveyRecord = eventlog.Offset(through), eventlog.Offset(record)
	if err == nil && len(survey) > 0 {
		_, p.Survey, err = cid.CidFromBytes(survey)
	}
	return p, err
}

// Session is a session that has ended.
type Session struct {
	contracts.SessionSummary
	Graph, Result cid.Cid
	First, Last   eventlog.Offset
}

// Change is what a stretch of the log adds to the model.
type Change struct {
	Position
	Sessions []Session
	Nodes    []transparency.Node
}

// Apply folds a change. Folding the same again changes nothing.
func (m *Model) Apply(ctx context.Context, c *Change) error {
	return m.db.Update(ctx, func(tx *sqlite.Tx) error {
		if err := tx.Each("INSERT OR REPLACE INTO session VALUES (?,?,?,?,?, ?,?,?,?,?, ?,?,?,?,?, ?)", func(exec func(...any) error) error {
			for i := range c.Sessions {
				if err := exec(row(&c.Sessions[i])...); err != nil {
					return fmt.Errorf("store session %s: %w", c.Sessions[i].SessionID, err)
				}
			}
			return nil
		}); err != nil {
			return err
		}
		if err := tx.Each("INSERT OR REPLACE INTO tree VALUES (?,?,?)", func(exec func(...any) error) error {
			for _, n := range c.Nodes {
				if err := exec(n.Level, n.N, n.Hash[:]); err != nil {
					return fmt.Errorf("store hash: %w", err)
				}
			}
			return nil
		}); err != nil {
			return err
		}
		return tx.Exec("UPDATE position SET through = ?, survey_record = ?, survey = ?", int64(c.Through), int64(c.SurveyRecord), append([]byte{}, c.Survey.Bytes()...))
	})
}

func row(s *Session) []any {
	ended := s.StartedAt.Time
	if s.EndedAt != nil {
		ended = s.EndedAt.Time
	}
	return []any{
		string(s.SessionID), string(s.TenantID), s.RequestID, s.GraphID, s.Graph.Bytes(),
		int64(s.First), int64(s.Last), string(s.State), s.StartedAt.UnixMicro(), ended.UnixMicro(),
		s.Units.Total, s.Units.Waiting, s.Units.Running, s.Units.Done, s.Units.Failed, s.Result.Bytes(),
	}
}
