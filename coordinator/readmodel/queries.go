package readmodel

import (
	"context"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/transparency"
)

const selectSession = `SELECT id, tenant, request, graph_id, graph, first, last, state, opened, ended,
	total, waiting, running, done, failed, result FROM session `

// Session returns an ended session; ok is false if there is none with that id.
func (m *Model) Session(ctx context.Context, id contracts.SessionID) (Session, bool, error) {
	return m.one(ctx, "WHERE id = ?", string(id))
}

// Request returns the ended session of a tenant's request id.
func (m *Model) Request(ctx context.Context, tenant contracts.TenantID, request string) (Session, bool, error) {
	return m.one(ctx, "WHERE tenant = ? AND request = ?", string(tenant), request)
}

func (m *Model) one(ctx context.Context, where string, args ...any) (s Session, ok bool, err error) {
	err = m.db.Query(ctx, func(scan func(...any) error) error {
		ok = true
		s, err = read(scan)
		return err
	}, selectSession+where, args...)
	return s, ok && err == nil, err
}

// List returns up to limit ended sessions of a tenant, or of EveryTenant, newest
// first, of those with an id before the given one, of all if that is "".
func (m *Model) List(ctx context.Context, t contracts.TenantID, before contracts.SessionID, limit int) ([]Session, error) {
	if before == "" {
		before = "g" // behind every UUID
	}
	where, args := "WHERE id < ? ", []any{string(before)}
	if t != contracts.EveryTenant {
		where, args = "WHERE tenant = ? AND id < ? ", []any{string(t), string(before)}
	}
	var list []Session
	err := m.db.Query(ctx, func(scan func(...any) error) error {
		s, err := read(scan)
		list = append(list, s)
		return err
	}, selectSession+where+"ORDER BY id DESC LIMIT ?", append(args, limit)...)
	return list, err
}

func read(scan func(...any) error) (s Session, err error) {
	var (
		first, last, opened, ended int64
		graph, result              []byte
	)
	if err := scan(
		&s.SessionID, &s.TenantID, &s.RequestID, &s.GraphID, &graph, &first, &last, &s.State, &opened, &ended,
		&s.Units.Total, &s.Units.Waiting, &s.Units.Running, &s.Units.Done, &s.Units.Failed, &result,
	); err != nil {
		return s, err
	}
	s.First, s.Last = eventlog.Offset(first), eventlog.Offset(last)
	s.StartedAt = contracts.Time{Time: time.UnixMicro(opened).UTC()}
	s.EndedAt = &contracts.Time{Time: time.UnixMicro(ended).UTC()}
	if s.Graph, err = cid.Cast(graph); err != nil {
		return s, err
	}
	s.GraphCID = s.Graph.String()
	s.Result, err = cid.Cast(result)
	return s, err
}

// Kept returns the hash of a whole subtree of the log's Merkle tree.
func (m *Model) Kept(ctx context.Context, level int, n int64) (h transparency.Hash, err error) {
	var b []byte
	err = m.db.Query(ctx, func(scan func(...any) error) error { return scan(&b) }, "SELECT hash FROM tree WHERE level = ? AND n = ?", level, n)
	if err == nil && len(b) != len(h) {
		err = contracts.Errorf(contracts.CodeNotFound, "tree", "hash %d of level %d is not kept", n, level)
	}
	if err != nil {
		return h, err
	}
	return transparency.Hash(b), nil
}
