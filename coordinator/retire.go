package coordinator

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/docket"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/survey"
	"github.com/krako-labs/krako/coordinator/transparency"
)

// Retention says which records of the log may be let go; the zero value keeps all.
// What somebody still needs is kept in any case: see Coordinator.Retire.
type Retention struct {
	// Age lets records go that are older, 0 none.
	Age time.Duration
	// Records lets the oldest go while there are more than so many, 0 none.
	Records eventlog.Offset
}

// Keeps reports whether every record is kept.
func (r Retention) Keeps() bool { return r == Retention{} }

const (
	// retireEvery is how often it is looked whether records may go.
	retireEvery = time.Minute
	// maxUnfinal bounds the sessions that are looked up because results of them are
	// not final: with more nothing is let go.
	maxUnfinal = 1 << 17
	// leavesOfNode is how many records the smallest subtree has whose hash the read
	// model keeps: the log begins with a whole one, so that every proof can be made.
	leavesOfNode = 1 << transparency.KeptLevel
)

// retireAlways lets records go from time to time until ctx ends.
func (c *Coordinator) retireAlways(ctx context.Context) {
	tick := time.NewTicker(retireEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		switch first, err := c.Retire(ctx); {
		case ctx.Err() != nil:
		case contracts.CodeOf(err) == contracts.CodeUnsupported:
			c.log.Warn("every record is kept", "reason", err)
			return
		case err != nil:
			c.log.Error("old records were not let go", "error", err)
		default:
			c.log.Debug("log begins", "record", first)
		}
	}
}

// Retire lets go of the records that Config.Retain says may go and nobody needs, and
// returns the first that is kept. Needed is what belongs to a session that runs or
// to one with a result that is not final, what is behind the newest snapshots, and,
// where prices were ever set or credit was granted, everything: the accounts are a
// fold of the log. What is let go stays summed up in a survey, under a signed
// checkpoint that stays.
//
// The error is UNSUPPORTED for a log, or a fabric, that keeps every record.
func (c *Coordinator) Retire(ctx context.Context) (eventlog.Offset, error) {
	first, _ := c.parts.Log.Base()
	if c.cfg.Retain.Keeps() {
		return first, nil
	}
	floor, err := c.outdated(ctx, first)
	if err != nil || floor <= first {
		return first, err
	}
	if floor, err = c.needed(ctx, floor); err != nil || floor <= first {
		return first, err
	}
	at, link, err := c.surveyBefore(ctx, first, floor)
	if err != nil || at == 0 {
		return first, err
	}
	base, err := c.baseOf(ctx, at, link)
	if err != nil {
		return first, err
	}
	before := at&^(leavesOfNode-1) + 1
	if before <= first {
		return first, nil
	}
	encoded, err := base.Encode(c.parts.Log.Cluster())
	if err != nil {
		return first, err
	}
	if err := c.parts.Log.Trim(ctx, before, encoded); err != nil {
		return first, err
	}
	c.log.Info("old records were let go", "log_begins", before, "were", first, "survey", at)
	return before, nil
}

// outdated is the first record that is kept as far as age and number go.
func (c *Coordinator) outdated(ctx context.Context, first eventlog.Offset) (eventlog.Offset, error) {
	log, r := c.parts.Log, c.cfg.Retain
	last, floor := log.Last(), first
	if r.Records > 0 && last > r.Records {
		floor = max(floor, last-r.Records+1)
	}
	if r.Age == 0 {
		return floor, nil
	}
	oldest := c.parts.Now().Add(-r.Age)
	var failure error
	n := sort.Search(int(last-floor), func(i int) bool {
		if failure != nil {
			return true
		}
		failure = log.Read(ctx, floor+eventlog.Offset(i), func(rec eventlog.Record) error {
			rd, err := session.DecodeRecord(rec.Data)
			if err != nil {
				return err
			}
			if rd.Time().Before(oldest) {
				return errOlder
			}
			return errEnough
		})
		older := errors.Is(failure, errOlder)
		if older || errors.Is(failure, errEnough) {
			failure = nil
		}
		return !older
	})
	return floor + eventlog.Offset(n), failure
}

// errOlder ends a read of a record that is older than it must be.
var errOlder = errors.New("older")

// needed is the first record up to floor that somebody needs, floor if nobody needs
// one before, 0 if nothing may go.
func (c *Coordinator) needed(ctx context.Context, floor eventlog.Offset) (eventlog.Offset, error) {
	var (
		unfinal map[contracts.SessionID]struct{}
		failure error
	)
	err := c.do(ctx, func(st *state) { floor, unfinal, failure = st.needed(floor) })
	if err != nil || failure != nil {
		return 0, errors.Join(err, failure)
	}
	for id := range unfinal {
		if floor <= 1 {
			break
		}
		s, ok, err := c.parts.Sessions.Session(ctx, id)
		if err != nil {
			return 0, err
		}
		if ok {
			floor = min(floor, s.First)
			continue
		}
		// Neither the loop nor the read model had it: it is on its way between them.
		return 0, nil
	}
	return floor, nil
}

// needed is what the loop knows of it, and the sessions that have ended and have
// results that are not final.
func (st *state) needed(floor eventlog.Offset) (eventlog.Offset, map[contracts.SessionID]struct{}, error) {
	if len(st.credit.Facts()) > 0 {
		return 0, nil, contracts.Errorf(contracts.CodeUnsupported, "retention", "prices or credit were set here: the accounts are computed from the whole log")
	}
	floor = min(floor, eventlog.Offset(st.c.projector.indexed.Load())+1)
	for _, l := range st.sessions {
		if first := l.first.offset(); first > 0 { // one that is not durable yet stands at the end
			floor = min(floor, first)
		}
	}
	d := st.vet.docket
	if d.Blank() {
		return floor, nil, nil
	}
	if !st.vet.kept.Defined() {
		return 0, nil, nil
	}
	floor = min(floor, st.vet.keptAt+1)
	unfinal := map[contracts.SessionID]struct{}{}
	need := func(id contracts.SessionID) {
		if st.sessions[id] != nil {
			return
		}
		if s := st.recent.byID[id]; s != nil {
			if first := s.first.offset(); first > 0 {
				floor = min(floor, first)
			}
			return
		}
		unfinal[id] = struct{}{}
	}
	d.Each(func(c *docket.Case) {
		need(c.Session)
		for _, u := range c.Users {
			need(u.Session)
		}
	})
	if len(unfinal) > maxUnfinal {
		return 0, nil, nil
	}
	return floor, unfinal, nil
}

// surveyBefore returns the last survey that sums up only records before floor, 0 if
// there is none.
func (c *Coordinator) surveyBefore(ctx context.Context, first, floor eventlog.Offset) (at eventlog.Offset, link contracts.Link, err error) {
	// It is written a little behind what it sums up, so that its record can stand
	// behind floor.
	near := max(4*c.cfg.SurveyEvery, recallRecords)
	for _, from := range []eventlog.Offset{max(first, floor-min(floor, near)), first} {
		err = c.parts.Log.Read(ctx, from, func(rec eventlog.Record) error {
			if id, fact := session.Peek(rec.Data); id != "" || fact != 0 {
				return nil
			}
			r, err := session.DecodeRecord(rec.Data)
			if err != nil {
				return fmt.Errorf("record %d: %w", rec.Offset, err)
			}
			switch {
			case r.Survey == nil:
			case eventlog.Offset(r.Survey.At) < floor:
				at, link = eventlog.Offset(r.Survey.At), r.Survey.CID
			default:
				return errEnough
			}
			return nil
		})
		if errors.Is(err, errEnough) {
			err = nil
		}
		if err != nil || at > 0 {
			return at, link, err
		}
	}
	return 0, link, nil
}

// baseOf is what stays of the records that a survey sums up.
func (c *Coordinator) baseOf(ctx context.Context, at eventlog.Offset, link contracts.Link) (*survey.Base, error) {
	block, err := c.parts.Blocks.Get(ctx, link.Cid)
	if err != nil {
		return nil, fmt.Errorf("read survey: %w", err)
	}
	s, err := survey.Decode(c.parts.Log.Cluster(), block)
	if err != nil {
		return nil, err
	}
	base := &survey.Base{At: at, Survey: link, Edge: s.Tree.Edge()}
	return base, c.do(ctx, func(st *state) { base.Docket = st.vet.kept })
}

// begin takes up the survey with which a log begins that was trimmed.
func (p *projector) begin(ctx context.Context) error {
	first, encoded := p.c.parts.Log.Base()
	if first == 1 {
		return nil
	}
	base, err := survey.DecodeBase(p.c.parts.Log.Cluster(), encoded)
	if err != nil {
		return err
	}
	block, err := p.c.parts.Blocks.Get(ctx, base.Survey.Cid)
	if err != nil {
		return fmt.Errorf("read the survey that the log begins with: %w", err)
	}
	s, err := survey.Decode(p.c.parts.Log.Cluster(), block)
	if err != nil {
		return err
	}
	p.goOn(s, base.Docket)
	p.change.Nodes = s.Tree.Kept() // whoever folded the records before kept more
	return nil
}

// goOn has the projector go on from a survey.
func (p *projector) goOn(s *survey.Survey, docket contracts.Link) {
	p.survey, p.surveyed, p.docket = s, s.At, docket
	p.change.Through = s.At // what the model has beyond is folded again, to no effect
	p.indexed.Store(uint64(s.At))
}

// keeps reports whether the log still has the records of a session that began at
// first.
func (c *Coordinator) keeps(first eventlog.Offset) bool {
	begin, _ := c.parts.Log.Base()
	return first >= begin
}

// letGo says that a session's records are not there any more.
func letGo(id contracts.SessionID) error {
	return contracts.Errorf(contracts.CodeNotFound, string(id), "the records of this session were let go (--retain); its state and its result are kept")
}
